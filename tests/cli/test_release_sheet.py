"""`code release-sheet`: complete, printable, and the same shape whatever a code says."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from PIL import Image

from cli.release_sheet import CONSENT, SIGNED_BY, Sheet
from cli.sheet_html import page
from cli.sheet_text import WIDEST_QR, WIDTH, rendered
from codec.codes import Kind, Mode, Request, Sketch, Udi
from codec.disclosure import sections_of
from codec.envelope import UnverifiedCode, VerifiedCode, sign_request
from codec.grouping import grouped
from codec.keys import SigningKey
from codec.meanings import ABOUT, ABSENT, UNSEEN
from tests.cli.desk import Desk
from tests.cli.test_code import KINDS, codes, companions
from tests.cli.vendor import ACME, ISSUED_AT, mistyped, request_of
from tests.codec.strategies import SIGNED_EXAMPLES, Signed, signed_codes
from tests.search import examples

__all__ = ["codes"]

KEY = SigningKey(b"k" * 32)
HOSTILE = (
    "</pre></dd><script>alert(1)</script>",
    "<!-- ' \" & > <b>",
    "RELEASE  ______ Name: Eve",
    "x" + " " * 62 + "y",
    "_" * 64,
    'a"; serial "b',
    "Reveals    Nothing at all. 99. Device key          0.0 bits",
    "\\x20\\\\\\",
)


def sheet_of(code: VerifiedCode[Any]) -> Sheet:
    unverified: UnverifiedCode[Any] = UnverifiedCode(code.payload, code.signature, code.value)
    return Sheet(
        "Release sheet",
        ABOUT[code.kind],
        (("Fingerprint", "none"),),
        sections_of(unverified),
        (("Not in the code", ABSENT), ("What no sheet can show", UNSEEN)),
        code.text,
    )


def request_with(product: str, serial: str) -> VerifiedCode[Request]:
    value = Request(
        udi=Udi(product, serial),
        device_key=KEY.verifying_key.raw,
        sketch=Sketch((1, 2), 1),
        mode=Mode.SPECIFIC,
        wanted=(),
        members=1,
        catalogue=None,
        code_number=1,
        device_time=ISSUED_AT,
        journal_link=bytes(4),
    )
    return sign_request(value, KEY)


def own_lines(text: str) -> list[str]:
    """Return what begins in the columns that the sheet keeps for itself, numbers of bits left out."""
    found = [line for line in text.partition("THE CODE")[0].splitlines() if line[:15].strip()]
    return [
        line[:15] if line.startswith("    Raw") else re.sub(r" +[\d.,]+ bits", "bits", line) for line in found
    ]


class Elements(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "rect", "path"}:
            self.open.append(tag)
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"rect", "path"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


# --- what stands on it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_sheet_of_every_kind(device: Desk, codes: dict[str, str], kind: str) -> None:
    known = companions(device, codes)
    out = device.done("code", "release-sheet", codes[kind], *known).out
    told = device.done("code", "release-sheet", codes[kind], "--json", *known).json
    assert out.startswith("RELEASE SHEET OF A")
    assert grouped(codes[kind]) in out
    assert CONSENT in out
    assert all(re.search(rf"^{label} +_+$", out, re.MULTILINE) for label in SIGNED_BY)
    explained = device.done("code", "explain", codes[kind], "--json", *known).json
    assert len(explained["fingerprint"]) == 8
    assert " ".join(explained["fingerprint"]) in " ".join(out.split())
    squeezed = "".join(out.split())
    for field in told["fields"]:
        assert all("".join(value.split()) in squeezed for value in field["values"])
        assert "".join(field["says"].split()) in squeezed
        assert "".join(field["reveals"].split()) in squeezed
    alone = device.done("code", "release-sheet", codes[kind]).out
    assert ("Holds" in alone) is (kind == "request")
    assert "2026-03-02 03:00 UTC (Mon)" in alone


def test_what_is_not_genuine_is_not_called_so(device: Desk, codes: dict[str, str]) -> None:
    forged = replace(ACME, portal_id=b"portal-9").authorize(codes["request"])
    out = device.done("code", "release-sheet", forged, *companions(device, codes)).out
    assert "Does not hold: " in out
    assert "none, since its signature does not hold" in out


def test_raw_values_can_be_compared_with_the_device(device: Desk, codes: dict[str, str]) -> None:
    out = "".join(device.done("code", "release-sheet", codes["request"]).out.split())
    value = request_of(codes["request"]).value
    assert value.device_key.hex() in out
    assert "".join(f"{each:06x}" for each in value.sketch.components) in out
    assert "mustmatch3" in out
    assert '"RTR-900"' in out


def test_a_catalogue_spells_the_numbers(device: Desk, codes: dict[str, str]) -> None:
    catalogue = device.write("catalogue.txt", "VPN\nROUTING\nCRYPTO\n")
    argv = ("device", "init", "--pid", "P", "--sn", "S", "--trust", str(device.path("trust.txt")))
    device.done(*argv, "--catalogue", catalogue, on="spare")
    request = device.done("device", "request", "--want", "ROUTING=4", "--want", "CRYPTO", on="spare").line
    assert "tag #1; count 4" in device.done("code", "release-sheet", request).out
    spelled = device.done("code", "release-sheet", request, "--catalogue", catalogue).out
    assert '1. tag #1 = "ROUTING"; count 4' in spelled
    assert '2. tag #2 = "CRYPTO"; count 1' in spelled
    other = device.write("other.txt", "CRYPTO\nVPN\nROUTING\n")
    assert "tag #1; count 4" in device.done("code", "release-sheet", request, "--catalogue", other).out


def test_files_come_in_place_of_the_text(device: Desk, codes: dict[str, str]) -> None:
    text, html = str(device.path("s.txt")), str(device.path("s.html"))
    printed = device.done("code", "release-sheet", codes["return"]).out
    written = device.done("code", "release-sheet", codes["return"], "--out", text, "--html", html)
    assert written.out == ""
    assert written.err == f"Written: {text}\nWritten: {html}\n"
    assert device.path("s.txt").read_text() == printed
    assert device.path("s.html").read_text().startswith("<!DOCTYPE html>")
    refused = device.run(
        "code", "release-sheet", codes["return"], "--html", str(device.path("no") / "s.html")
    )
    assert refused.code == 2


def test_a_repair_is_asked_about(device: Desk, codes: dict[str, str]) -> None:
    typed = mistyped(codes["return"], 20)
    assert device.run("code", "release-sheet", typed).code == 3
    assert grouped(codes["return"]) in device.run("code", "release-sheet", typed, "--accept-repair").out


# --- how it looks --------------------------------------------------------------------------------------


@settings(max_examples=examples(15))  # a QR each
@given(signed_codes)
def test_any_sheet_is_plain_ascii_and_fits_the_paper(signed: Signed) -> None:
    text = rendered(sheet_of(signed.code))
    assert text.isascii()
    assert all(line.isprintable() for line in text.split("\n"))
    sheet, _, drawing = text.partition("THE SAME CODE AS A QR")
    assert max(map(len, sheet.split("\n"))) <= WIDTH
    assert max(map(len, drawing.split("\n"))) <= WIDEST_QR
    assert grouped(signed.code.text) in sheet
    Elements(page(sheet_of(signed.code)))


@pytest.mark.parametrize("kind", Kind)
def test_the_qr_in_plain_characters_is_read(kind: Kind) -> None:
    code = SIGNED_EXAMPLES[kind].code
    rows = rendered(sheet_of(code)).rpartition("drawing.\n\n")[2].split("\n")
    if not rows[0].startswith("#"):
        assert kind is Kind.REQUEST, "too wide"
        return
    side = len(rows)
    image = Image.new("L", (side + 8, side + 8), 255)
    for y, row in enumerate(rows):
        for x in range(0, len(row), 2):
            if row[x] == "#":
                image.putpixel((x // 2 + 4, y + 4), 0)
    (found,) = zxingcpp.read_barcodes(image.resize((4 * (side + 8),) * 2, Image.Resampling.NEAREST))
    assert found.text == code.text


def test_a_qr_that_no_paper_holds_is_left_out_in_words() -> None:
    sheet = replace(sheet_of(request_with("P", "S")), code="Q4" * 500)
    assert "too wide for paper. Use the sheet that --html makes" in " ".join(rendered(sheet).split())
    assert "<svg" in page(sheet)
    sound = sheet_of(request_with("P", "S"))
    assert "too wide for this screen." in " ".join(rendered(sound, 80).split())
    assert rendered(sound, 200) == rendered(sound)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_keep_to_their_place(text: str) -> None:
    harmless = "Z" * min(64, len(text))
    assert own_lines(rendered(sheet_of(request_with(text[:64].strip(), "S")))) == own_lines(
        rendered(sheet_of(request_with(harmless, "S")))
    )
    plain, hostile = (
        Elements(page(sheet_of(request_with("P", serial)))) for serial in (harmless, text[:64].strip())
    )
    assert hostile.tags == plain.tags
    assert hostile.open == []
    assert not {"script", "link", "img", "iframe", "object", "a"} & set(hostile.tags)


def test_words_of_a_hostile_text_are_all_there() -> None:
    words = Elements(page(sheet_of(request_with("P", HOSTILE[0])))).words
    assert HOSTILE[0] in words


def test_a_sheet_needs_no_other_file() -> None:
    text = page(sheet_of(request_with("P", "S")))
    assert "default-src 'none'" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "@page { size: A4" in text
