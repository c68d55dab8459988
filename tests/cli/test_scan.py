"""`code scan` and `--image`: codes in pictures, sorted out, one of them chosen."""

from collections.abc import Sequence

import pytest
import zxingcpp
from PIL import Image

from tests.cli.desk import Desk
from tests.cli.vendor import ACME, mistyped


@pytest.fixture
def codes(device: Desk) -> dict[str, str]:
    """A code of each kind, of one reservation."""
    codes = {"request": device.done("device", "request", "--want", "ROUTING=2", "--want", "CRYPTO").line}
    codes["authorization"] = ACME.authorize(codes["request"])
    codes["trust"] = ACME.trust(2)
    return codes


def symbol(text: str) -> Image.Image:
    """The QR of any text, as somebody else's program draws it."""
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return Image.fromarray(zxingcpp.write_barcode_to_image(drawn, scale=4)).convert("L")


def sheet(desk: Desk, name: str, texts: Sequence[str]) -> str:
    """Write a picture that shows the QR of each text, side by side."""
    symbols = [symbol(text) for text in texts]
    page = Image.new(
        "L",
        (sum(each.width for each in symbols) + 80, max((each.height for each in symbols), default=200)),
        255,
    )
    left = 0
    for each in symbols:
        page.paste(each, (left, 0))
        left += each.width + 20
    page.save(desk.path(name))
    return str(desk.path(name))


# --- scan --------------------------------------------------------------------------------------


def test_codes_are_printed_once_in_the_order_of_the_files(device: Desk, codes: dict[str, str]) -> None:
    device.path("photos").mkdir()
    sheet(device, "photos/b.png", [codes["authorization"]])
    sheet(device, "photos/a.JPG", [codes["request"]])
    device.write("photos/readme.txt", "no picture")
    again = sheet(device, "again.png", [codes["request"]])
    outcome = device.done("code", "scan", str(device.path("photos")), again)
    assert outcome.out.split() == [codes["request"], codes["authorization"]]
    assert f"Request code, {len(codes['request'])} characters: " in outcome.err
    assert "a.JPG" in outcome.err
    assert "again.png" in outcome.err
    assert device.done("code", "scan", again, "-q").err == ""


def test_all_codes_of_one_picture_are_found(device: Desk, codes: dict[str, str]) -> None:
    page = sheet(device, "page.png", [*codes.values()])
    assert sorted(device.done("code", "scan", page).out.split()) == sorted(codes.values())


def test_scripts_learn_kinds_and_places(device: Desk, codes: dict[str, str]) -> None:
    first = sheet(device, "1.png", [codes["request"], "https://example.net"])
    second = sheet(device, "2.png", [codes["request"].lower()])
    empty = sheet(device, "3.png", [])
    outcome = device.run("code", "scan", first, second, empty, "--json")
    assert outcome.code == 3
    (code,) = outcome.json["codes"]
    assert code == {
        "code": codes["request"],
        "kind": "request",
        "repairs": [],
        "found": [{"file": first, "page": 1}, {"file": second, "page": 1}],
    }
    (other,) = outcome.json["others"]
    assert other["text"] == "https://example.net"
    assert other["found"] == [{"file": first, "page": 1}]
    (unread,) = outcome.json["unread"]
    assert unread["file"] == empty
    assert unread["error"]["code"] == "qr"


def test_a_file_without_a_code_is_named_and_the_rest_is_printed(device: Desk, codes: dict[str, str]) -> None:
    good = sheet(device, "good.png", [codes["request"]])
    empty = sheet(device, "empty.png", [])
    outcome = device.run("code", "scan", empty, good)
    assert (outcome.code, outcome.line) == (3, codes["request"])
    assert "empty.png: No QR" in outcome.err
    assert "Hold the camera closer" in outcome.err


def test_nothing_seen_is_told_with_what_helps(device: Desk, codes: dict[str, str]) -> None:
    empty = sheet(device, "empty.png", [])
    outcome = device.run("code", "scan", empty, "--json")
    assert (outcome.code, outcome.json["error"]["code"]) == (3, "nothing-seen")
    assert "sharp" in outcome.json["error"]["hint"]
    assert [unread["file"] for unread in outcome.json["error"]["unread"]] == [empty]
    broken = device.write("broken.png", "no picture")
    both = device.run("code", "scan", empty, broken)
    assert (both.code, both.out) == (3, "")
    assert "None of 2 files" in both.err
    assert "broken.png" in both.err


def test_a_qr_that_is_no_code_is_told_and_not_printed(device: Desk, codes: dict[str, str]) -> None:
    mixed = sheet(device, "mixed.png", [codes["request"], "\x1b[2JHTTPS://EXAMPLE.NET"])
    outcome = device.run("code", "scan", mixed)
    assert (outcome.code, outcome.line) == (0, codes["request"])
    assert "HTTPS://EXAMPLE.NET" in outcome.err
    assert "\x1b" not in outcome.err
    alone = sheet(device, "alone.png", ["HTTPS://EXAMPLE.NET"])
    outcome = device.run("code", "scan", alone)
    assert (outcome.code, outcome.out) == (3, "")
    assert "no code, but “HTTPS://EXAMPLE.NET”" in outcome.err


def test_a_code_that_was_mistyped_before_it_was_drawn_is_repaired_like_typing(
    device: Desk, codes: dict[str, str]
) -> None:
    damaged = sheet(device, "damaged.png", [mistyped(codes["request"], 3, 44), codes["trust"]])
    refused = device.run("code", "scan", damaged)
    assert (refused.code, refused.line) == (3, codes["trust"])
    assert "groups 1, 12" in refused.err
    accepted = device.run("code", "scan", damaged, "--accept-repair")
    assert accepted.code == 0
    assert sorted(accepted.out.split()) == sorted([codes["request"], codes["trust"]])
    asked = device.run("code", "scan", damaged, terminal=True, stdin="y\n")
    assert asked.code == 0
    alone = sheet(device, "alone.png", [mistyped(codes["request"], 3)])
    assert device.run("code", "scan", alone, "--json").json["error"]["code"] == "repair-not-accepted"
    sound = sheet(device, "sound.png", [codes["request"]])
    assert device.done("code", "scan", alone, sound).line == codes["request"]


def test_folders_and_files_that_are_not_there(device: Desk) -> None:
    assert device.run("code", "scan", str(device.path("missing.png"))).code == 2
    device.path("folder").mkdir()
    outcome = device.run("code", "scan", str(device.path("folder")))
    assert outcome.code == 2
    assert "holds no pictures" in outcome.err
    assert device.run("code", "scan").code == 2


# --- --image -----------------------------------------------------------------------------------


def test_image_takes_the_one_code_of_the_kind_that_is_needed(device: Desk, codes: dict[str, str]) -> None:
    page = sheet(device, "page.png", [codes["request"], "HTTPS://EXAMPLE.NET", codes["authorization"]])
    assert device.done("device", "install", "--image", page).line.startswith("C")


def test_image_names_the_codes_among_which_it_cannot_choose(device: Desk, codes: dict[str, str]) -> None:
    page = sheet(device, "page.png", [codes["authorization"], codes["trust"]])
    refused = device.run("device", "install", "--image", page)
    assert (refused.code, refused.out) == (3, "")
    assert "several codes that could be meant" in refused.err
    assert "Authorization code" in refused.err
    assert "Trust code" in refused.err
    nobody = device.run("device", "install", "--image", page, terminal=True, stdin="n\nn\n")
    assert nobody.code == 3
    chosen = device.run("device", "install", "--image", page, terminal=True, stdin="n\ny\n")
    assert chosen.code == 0
    of_wrong_kinds = sheet(device, "requests.png", [codes["request"], "HTTPS://EXAMPLE.NET"])
    refused = device.run("device", "install", "--image", of_wrong_kinds)
    assert refused.code == 3
    assert "no code of the kind that is needed here: Request code" in refused.err


def test_image_leaves_it_to_the_command_to_refuse_the_only_text(device: Desk, codes: dict[str, str]) -> None:
    only = sheet(device, "only.png", [codes["request"]])
    assert device.run("device", "install", "--image", only).code == 4
    assert device.run("device", "install", "--image", sheet(device, "u.png", ["HTTPS://X.NET"])).code == 3
    damaged = sheet(device, "damaged.png", [mistyped(codes["authorization"], 9)])
    assert device.run("device", "install", "--image", damaged).code == 3
    assert device.run("device", "install", "--image", damaged, "--accept-repair").code == 0


def test_image_of_a_qr_of_something_else(device: Desk) -> None:
    picture = sheet(device, "poster.png", ["https://example.com/menu"])
    refused = device.run("device", "install", "--image", picture)
    assert refused.code == 3
    assert "There is a QR, but it is no code." in refused.err
    assert "example.com/menu" in refused.err


def test_a_short_confirmation_is_sent_to_its_portal(device: Desk, codes: dict[str, str]) -> None:
    device.done("device", "install", codes["authorization"])
    picture = sheet(device, "short.png", [device.done("device", "confirmation", "--short").line])
    refused = device.run("code", "scan", picture)
    assert refused.code == 3
    assert "There is a QR, but it is no signed code." in refused.err
    assert "Give it to that portal: tallystick portal accept" in refused.err
