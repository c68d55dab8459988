"""`code bundle` and `unbundle`: many codes through one carrier, on text, paper, film and screen."""

import re
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest
import zxingcpp

from cli.animating import animate
from cli.errors import UsageMistakeError
from cli.session import Session
from cli.world import real_world
from codec.bundle import encode_bundle, member_of
from codec.carriers import carried_by
from codec.frames import cut
from codec.parity import text_of
from codec.qr import png
from samples.carrier_vectors import ALIKE, EVERY_KIND
from tests.cli.desk import Desk, Stream
from tests.cli.processes import Machines

MANY = tuple(dict.fromkeys((*ALIKE, *EVERY_KIND)))


@pytest.fixture
def listed(desk: Desk) -> str:
    """A file with many codes, one a line."""
    return desk.write("codes.txt", "\n".join(MANY))


def test_a_bundle_goes_there_and_back(desk: Desk, listed: str) -> None:
    bundle = desk.done("code", "bundle", listed)
    assert bundle.line.startswith("B")
    assert f"{len(MANY)} codes in" in bundle.err
    for argv, stdin in (((bundle.line,), ""), (("-",), bundle.out), ((), bundle.out)):
        assert desk.done("code", "unbundle", *argv, stdin=stdin).out.split() == list(MANY)


def test_codes_come_from_everywhere_and_each_goes_in_once(desk: Desk, listed: str) -> None:
    folder = desk.path("folder")
    folder.mkdir()
    (folder / "a.txt").write_text(MANY[0], encoding="ascii")
    (folder / "ignored.png").write_bytes(b"\x89PNG")
    outcome = desk.done("code", "bundle", str(folder), MANY[1], "--file", listed, "-", stdin=MANY[2])
    assert "3 codes that came twice went in once" in outcome.err
    assert sorted(desk.done("code", "unbundle", outcome.line).out.split()) == sorted(MANY)


def test_frames_in_any_order_give_the_codes_back(desk: Desk, listed: str) -> None:
    frames = desk.done("code", "bundle", listed, "--frames", "--qr-version", "5").out.split()
    assert all(len(frame) <= 122 for frame in frames)
    kept = frames[::-1][: len(frames) - len(frames) * 30 // 100]
    first, second = desk.write("1.txt", "\n".join(kept[::2])), desk.write("2.txt", "\n\n".join(kept[1::2]))
    assert desk.done("code", "unbundle", first, second).out.split() == list(MANY)


def test_missing_frames_are_named(desk: Desk, listed: str) -> None:
    frames = desk.done("code", "bundle", listed, "--frames", "--qr-version", "5", "--loss", "0").out.split()
    outcome = desk.run("code", "unbundle", "--json", "-", stdin="\n".join(frames[:2] + frames[4:]))
    assert outcome.code == 3
    assert outcome.json["error"]["code"] == "frames-missing"
    assert "frames 3 and 4 are missing; all of them are needed" in outcome.json["error"]["message"]
    beside = desk.run("code", "unbundle", "-", stdin="\n".join([*frames[1:], MANY[0]]))
    assert (beside.code, beside.line) == (3, MANY[0])
    assert "frame 1 is missing" in beside.err


def test_wrong_frames_are_told(desk: Desk) -> None:
    frames = list(cut(encode_bundle(tuple(map(member_of, MANY))), room=122, loss=30))
    needed = frames[0].of.needed
    frames[1] = replace(frames[1], piece=frames[2].piece)
    texts = [frame.text for frame in frames]
    spare = desk.done("code", "unbundle", "-", stdin="\n".join(texts))
    assert spare.out.split() == list(MANY)
    assert "do not belong to the bundle though they say so: 2." in spare.err
    none = desk.run("code", "unbundle", "--json", "-", stdin="\n".join(texts[:needed]))
    assert (none.code, none.json["error"]["code"]) == (3, "frames-disagree")


def test_what_cannot_be_read_is_named_and_nothing_is_bundled(desk: Desk) -> None:
    damaged = MANY[1][:40] + "0000" + MANY[1][44:]
    name = desk.write("codes.txt", f"{MANY[0]}\n{damaged}\n")
    before = desk.snapshot()
    outcome = desk.run("code", "bundle", name, "--out", str(desk.path("out.txt")))
    assert outcome.code == 3
    assert "line 2 of" in outcome.err
    assert desk.snapshot() == before
    assert desk.run("code", "unbundle", name).code == 3


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such.txt",), "There is no file no-such.txt"),
        (("--file", "no-such.txt"), "cannot be read"),
        (("--animate", MANY[0]), "there is none here"),
        (("--sheet", "/no/such/folder/s.html", MANY[0]), "cannot be written"),
        (("--qr-version", "4", MANY[0]), "4"),
        (("--loss", "91", MANY[0]), "91"),
    ],
)
def test_mistakes_are_refused_before_anything_is_done(desk: Desk, argv: tuple[str, ...], words: str) -> None:
    outcome = desk.run("code", "bundle", *argv)
    assert outcome.code == 2
    assert words in outcome.err
    assert desk.run("code", "bundle", terminal=True).code == 2


def test_an_empty_folder_and_an_empty_input(desk: Desk) -> None:
    desk.path("empty").mkdir()
    assert desk.run("code", "bundle", str(desk.path("empty"))).code == 2
    for command in ("bundle", "unbundle"):
        assert desk.run("code", command, "-").code == 3


def test_a_person_at_a_terminal_gets_no_wall_of_frames(desk: Desk, listed: str) -> None:
    outcome = desk.run("code", "bundle", listed, "--frames", terminal=True)
    assert (outcome.code, outcome.out) == (0, "")
    assert "--animate" in outcome.err


def test_one_code_is_wanted_and_a_carrier_comes(device: Desk) -> None:
    frames = cut(encode_bundle(tuple(map(member_of, MANY))), room=400, loss=30)
    outcome = device.run("device", "install", frames[2].text)
    assert outcome.code == 4
    assert f"frame 3 of {len(frames)} of a bundle" in outcome.err
    assert "tallystick code unbundle" in outcome.err


def test_explain_says_what_a_carrier_holds(desk: Desk) -> None:
    data = encode_bundle(tuple(map(member_of, MANY[:3])))
    frame = cut(data, room=200, loss=30)[1]
    bundle = desk.done("code", "explain", text_of(data)).out
    assert bundle.startswith("Bundle (format 1) of 3 codes\n")
    assert bundle.count("authorization") == 3
    assert "Number     2 of" in desk.done("code", "explain", frame.text).out
    assert desk.done("code", "explain", "--json", frame.text).json["number"] == 2
    assert desk.run("code", "explain", text_of(b"\x59" + bytes(80))).code == 4


# --- drawn ---------------------------------------------------------------------------------------------


def texts_in(image: PIL.Image.Image) -> list[str]:
    return [symbol.text for symbol in zxingcpp.read_barcodes(image.convert("L"))]


def test_every_picture_of_an_animation_is_a_frame(desk: Desk, listed: str) -> None:
    names = [str(desk.path(name)) for name in ("film.gif", "film.png")]
    options = ("--qr-version", "8", "--gif", names[0], "--apng", names[1], "--every", "100")
    frames = desk.done("code", "bundle", listed, "--frames", *options).out.split()
    for name in names:
        with PIL.Image.open(name) as film:
            assert getattr(film, "n_frames") == len(frames)  # noqa: B009 - Pillow does not declare it
            seen = []
            for number in range(len(frames)):
                film.seek(number)
                seen += texts_in(film)
                assert film.info["duration"] == 100
        assert seen == frames
        scanned = desk.done("code", "scan", name)
        assert scanned.out.split() == list(MANY)


def test_scan_names_the_frames_that_are_missing(desk: Desk, listed: str) -> None:
    frames = desk.done("code", "bundle", listed, "--frames", "--qr-version", "10").out.split()
    picture = str(desk.path("one.png"))
    Path(picture).write_bytes(png(frames[0]))
    outcome = desk.run("code", "scan", picture)
    assert outcome.code == 3
    assert f"1 of the {len(frames)} frames are here" in outcome.err


def test_every_symbol_of_a_sheet_can_be_read(desk: Desk, listed: str) -> None:
    """Each drawing of the page, filled in by its own path, and decoded."""
    name = desk.path("sheet.html")
    frames = desk.done(
        "code", "bundle", listed, "--frames", "--qr-version", "8", "--sheet", str(name)
    ).out.split()
    page = name.read_text(encoding="utf-8")
    drawings = re.findall(r'viewBox="0 0 (\d+) \1".*?path d="([^"]*)".*?<figcaption>([^<]*)<', page)
    assert [texts_in(drawn(int(side), path)) for side, path, _ in drawings] == [[frame] for frame in frames]
    assert [caption for *_, caption in drawings] == [
        f"{n} of {len(frames)}" for n in range(1, len(frames) + 1)
    ]
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in page
    needed = carried_by(frames).sets[0].of.needed
    assert f"any {needed} of them are enough" in page


def drawn(side: int, path: str) -> PIL.Image.Image:
    image = PIL.Image.new("L", (side, side), 255)
    for left, top, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
        image.paste(0, (int(left), int(top), int(left) + int(width), int(top) + 1))
    return image.resize((4 * side, 4 * side), PIL.Image.Resampling.NEAREST)


def screen(columns: int, **more: object) -> tuple[Session, Stream, list[float]]:
    """A session at a terminal of so many columns, and the pauses that it makes."""
    pauses: list[float] = []
    out = Stream(terminal=True)
    world = replace(
        real_world(), stdout=out, stderr=Stream(), environ={"COLUMNS": str(columns)}, sleep=pauses.append
    )
    return Session(replace(world, **more)), out, pauses  # type: ignore[arg-type]


def test_frames_follow_each_other_on_a_terminal() -> None:
    frames = [frame.text for frame in cut(encode_bundle((member_of(MANY[0]),)), room=61, loss=0)]
    session, out, pauses = screen(100)
    animate(session, frames, milliseconds=50, rounds=2)
    shown = out.getvalue()
    assert pauses == [0.05] * (2 * len(frames))
    assert shown.count(f"{len(frames)} of {len(frames)}, again") == 2
    assert shown.startswith("\x1b[?1049h\x1b[?25l")
    assert shown.endswith("\x1b[?25h\x1b[?1049l")


def test_ctrl_c_ends_an_animation_in_peace() -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    frames = [frame.text for frame in cut(encode_bundle((member_of(MANY[0]),)), room=61, loss=0)]
    session, out, _ = screen(100, sleep=interrupted)
    animate(session, frames, milliseconds=50, rounds=0)
    assert out.getvalue().endswith("\x1b[?25h\x1b[?1049l")


def test_too_small_a_screen_is_told() -> None:
    frames = [frame.text for frame in cut(encode_bundle((member_of(MANY[0]),)), room=122, loss=0)]
    session, out, _ = screen(30)
    with pytest.raises(UsageMistakeError, match="this screen has 30"):
        animate(session, frames, milliseconds=50, rounds=1)
    assert out.getvalue() == ""


def test_the_real_program_takes_codes_through_a_pipe(tmp_path: Path) -> None:
    machines = Machines(tmp_path)
    name = tmp_path / "codes.txt"
    name.write_text("\n".join(MANY), encoding="ascii")
    bundled = machines.run("code", "bundle", str(name), "--frames")
    assert bundled.code == 0
    (tmp_path / "frames.txt").write_text(bundled.out, encoding="ascii")
    assert machines.run("code", "unbundle", str(tmp_path / "frames.txt")).out.split() == list(MANY)
