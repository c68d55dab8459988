"""Hostile texts in every place that takes a text: refused, or kept as they are and shown without effect."""

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.desk import Outcome
from tests.cli.portal_desk import PortalDesk
from tests.cli.test_hostile_text import require_safe
from tests.hostile import TEXTS
from tests.raw import RawFile

HOSTILE = pytest.mark.parametrize("name", TEXTS)
FORMULAS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
#: Refused by a rule, as a mistake of usage, as a code, as not genuine, or as a file that cannot be read.
REFUSALS = {1, 2, 3, 4, 6}

PLAIN = "FDO77"

Argv = tuple[str, ...]


def _file(desk: PortalDesk, text: str) -> str:
    file = desk.path("hostile.txt")
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return str(file)


def _order(desk: PortalDesk, text: str) -> str:
    cells = io.StringIO()
    csv.writer(cells).writerows(
        [
            ("tag", "quantity", "virtual_account", "kind", "start", "end", "order"),
            (text[:60], 1, "DEFAULT", "perpetual", "", "", text[:60]),
        ]
    )
    return _file(desk, cells.getvalue())


def _note(desk: PortalDesk, text: str) -> Argv:
    """Acknowledge an alert; what was acknowledged keeps its first note, so a note that is kept takes one."""
    name = desk.alerts.pop() if text.isprintable() else desk.alerts[-1]  # type: ignore[attr-defined]
    return "acknowledge", name, f"--note={text}"


def _proposal(desk: PortalDesk, text: str) -> Argv:
    """Propose a rehost; what was proposed before is rejected, since one thing waits at a time."""
    if text.isprintable():
        desk.run("portal", "approve", desk.lost, "--reject", "--user", "alex")  # type: ignore[attr-defined]
    return "rehost", desk.lost, f"--reason={text}", "--evidence", "none"  # type: ignore[attr-defined]


#: What writes, at a portal, with a text in one place.
PLACES: dict[str, Callable[[PortalDesk, str], Argv]] = {
    "Virtual Account": lambda _, text: ("va", "add", "--", text),
    "tag": lambda _, text: ("license", "add", "--", text, "1"),
    "order": lambda _, text: ("license", "add", "ROUTING", "1", f"--order={text}"),
    "whole order": lambda desk, text: ("license", "import", _order(desk, text)),
    "user": lambda _, text: ("user", "add", "--role", "approver", "--", text),
    "product": lambda _, text: ("product", "set", "--match", "1", "--", text),
    "universal tag": lambda _, text: ("product", "set", "RTR-1", f"--universal={text}"),
    "agreement": lambda desk, text: ("agreement", "add", "--", text, _file(desk, "Text.")),
    "text of an agreement": lambda desk, text: ("agreement", "add", "Terms", _file(desk, text)),
    "note of an alert": _note,
    "reason": _proposal,
    "tag of the catalogue": lambda desk, text: ("catalogue", "add", _file(desk, text)),
}
#: What only reads, or is refused in any case.
QUESTIONS: dict[str, Callable[[PortalDesk, str], Argv]] = {
    "code": lambda _, text: ("accept", "--", text),
    "reservation": lambda _, text: ("show", "--", text),
    "page": lambda _, text: ("list", f"--page={text}"),
    "Virtual Account": lambda _, text: ("list", f"--va={text}"),
    "acting user": lambda _, text: ("list", f"--user={text}"),
    "file": lambda _, text: ("accept", f"--file={text}"),
    "content of a file": lambda desk, text: ("accept", f"--file={_file(desk, text)}"),
    "database": lambda _, text: ("list", f"--db={text}"),
    "keys": lambda _, text: ("list", f"--keys={text}"),
    "lot": lambda desk, text: (
        "reserve",
        desk.request,  # type: ignore[attr-defined]
        "--license=ROUTING=1",
        f"--term={text}",
    ),
    "command": lambda _, text: (text,),
    "evidence": lambda _, text: ("rehost", "X", "--reason=Fire", f"--evidence={text}"),
    "alert": lambda _, text: ("acknowledge", "--", text),
    "export": lambda desk, text: ("log", "verify", desk.note, f"--export={_file(desk, text)}"),  # type: ignore[attr-defined]
}
VIEWS: tuple[Argv, ...] = (
    ("va", "list"), ("license", "list"), ("user", "list"), ("product", "list"), ("catalogue", "show"),
    ("agreement", "list"), ("agreement", "show", "Terms"), ("events", "--most", "1000"), ("list",),
    ("decisions",), ("audit",), ("alerts", "--most", "1000"),
)  # fmt: skip
REPORTS = ("usage", "exposure", "expiring", "transactions")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> PortalDesk:
    desk = PortalDesk(tmp_path_factory.mktemp("hostile"))
    desk.request = desk.requested()  # type: ignore[attr-defined]
    desk.join("spare", "FDO2")
    desk.lost, _ = desk.reserved("spare")  # type: ignore[attr-defined]
    desk.alerts = _alerts(desk)  # type: ignore[attr-defined]
    desk.note = str(desk.path("first.note"))  # type: ignore[attr-defined]
    desk.done("portal", "log", "checkpoint", "--out", desk.note, on="portal")  # type: ignore[attr-defined]
    return desk


def _alerts(desk: PortalDesk) -> list[str]:
    """Ask in vain for something of each tag, and return the names of the alerts that come of it."""
    tags = [f"TAG{number}" for number, text in enumerate(TEXTS.values()) if text.isprintable()]
    rows = "".join(f"{tag},1,DEFAULT,perpetual,,,PO-1\n" for tag in (*tags, "TAG"))
    order = _file(desk, f"tag,quantity,virtual_account,kind,start,end,order\n{rows}")
    desk.done("portal", "license", "import", order)
    for tag in (*tags, "TAG"):
        assert desk.run("portal", "reserve", desk.request, f"--license={tag}=2").code == 1  # type: ignore[attr-defined]
    return [one["alert"] for one in desk.done("portal", "alerts", "--json", "--most=1000").json["alerts"]]


@pytest.fixture(scope="module")
def books(portal: PortalDesk) -> Iterator[RawFile]:
    with closing(RawFile(portal.path("portal.db"))) as opened:
        yield opened


def require_shown(outcome: Outcome, argv: Argv) -> None:
    require_safe(outcome.out, outcome.err)
    assert "not prepared for" not in outcome.err, (argv, outcome)
    assert "\t" not in outcome.out


def strings(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (key, *strings(each))
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def views(desk: PortalDesk) -> set[str]:
    """Look at everything in every form, and return all texts that scripts are given."""
    found: set[str] = set()
    for argv in VIEWS:
        shown, as_json = (desk.run("portal", *argv, *form) for form in ((), ("--json",)))
        assert (shown.code, as_json.code) == (0, 0), (argv, shown)
        require_shown(shown, argv)
        require_shown(as_json, argv)
        found |= set(strings(json.loads(as_json.out)))
    for spread in (*(("report", report) for report in REPORTS), ("alerts", "--most", "1000")):
        require_no_formula(desk.done("portal", *spread, "--csv").out)
    return found


def require_no_formula(text: str) -> None:
    """Find that no cell is a formula where commas end cells, nor where semicolons do."""
    for separator in ",;":
        rows = csv.reader(io.StringIO(text), delimiter=separator)
        assert not [cell for row in rows for cell in row if cell.lstrip(' "').startswith(FORMULAS)]


def test_a_hostile_text_is_refused_or_kept_as_it_is(portal: PortalDesk, books: RawFile) -> None:
    kept: dict[str, str] = {}
    for name, text in TEXTS.items():
        for number, (place, argv_of) in enumerate(PLACES.items()):
            argv = argv_of(portal, text)
            before = books.state()
            outcome = portal.run("portal", *argv, *(("--json",) if number % 2 and "--" not in argv else ()))
            require_shown(outcome, argv)
            if outcome.code == 0:
                kept[f"{name} as {place}"] = text[:60] if place == "whole order" else text
            else:
                assert outcome.code in REFUSALS, (name, place, outcome)
                assert books.state() == before, (name, place)
    given = views(portal) | {str(text) for (text,) in books.execute("SELECT text FROM agreements")}
    lost = {where: text for where, text in kept.items() if text not in given}
    # A catalogue's lines are taken apart, and the encoding of a file is guessed.
    assert {where for where in lost if not where.endswith("catalogue") and lost[where].isprintable()} == set()
    assert {where for where in lost if not where.endswith(("catalogue", "text of an agreement"))} == set()
    assert len(kept) > 100
    assert {where.partition(" as ")[2] for where in kept} == PLACES.keys()
    assert portal.done("portal", "audit", "--json").json["findings"] == []


@pytest.mark.parametrize("place", QUESTIONS)
def test_a_hostile_text_in_a_question_is_told_without_effect(
    portal: PortalDesk, books: RawFile, place: str
) -> None:
    before = books.state()
    for number, text in enumerate(TEXTS.values()):
        argv = QUESTIONS[place](portal, text)
        outcome = portal.run(*(("--json",) if number % 2 else ()), "portal", *argv)
        require_shown(outcome, argv)
        assert outcome.code in REFUSALS | {0, 5}, (argv, outcome)
        assert not number % 2 or text == "--help" or isinstance(outcome.json, dict)
    assert books.state() == before


class Elements(HTMLParser):
    """Counts elements with the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[tuple[str, ...]] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[(tag, *(name for name, _ in attrs))] += 1


def elements(page: str) -> set[tuple[str, ...]]:
    reader = Elements()
    reader.feed(page)
    reader.close()
    return set(reader.found)


def test_a_device_with_a_hostile_name_changes_no_sheet(portal: PortalDesk) -> None:
    plain, made = _sheets(portal, "RTR-900", PLAIN), 0
    for text in TEXTS.values():
        found = _sheets(portal, text, text)
        made += bool(found)
        for page, honest in zip(found, plain, strict=False):
            assert elements(page) <= elements(honest)
            require_safe(page)
    assert plain
    assert made >= 5


def _sheets(desk: PortalDesk, product: str, serial: str) -> list[str]:
    """Return every sheet of the request of a device; none when its names are refused."""
    shutil.rmtree(desk.path("spare"), ignore_errors=True)
    argv = ("device", "init", f"--pid={product}", f"--sn={serial}", "--trust", desk.trust)
    outcome = desk.run(*argv, on="spare")
    require_shown(outcome, argv)
    if outcome.code:
        assert outcome.code == 2, outcome
        assert not desk.path("spare").exists() or not list(desk.path("spare").glob("*.json"))
        return []
    for form in ((), ("--json",)):
        require_shown(desk.run("device", "status", *form, on="spare"), argv)
    request = desk.done("device", "request", "--want", "ROUTING", on="spare").line
    explained = desk.done("code", "explain", request, "--json").json
    assert serial in set(strings(explained))
    require_shown(desk.run("portal", "reserve", request, "--as-requested"), argv)
    pages = []
    if serial != PLAIN and not set("<>&\"'") & set(serial):
        return []  # nothing that a page could take for its own
    frames = ("bundle", _file(desk, request), "--frames", "--sheet")
    for words in (("release-sheet", request, "--html"), frames):
        page = desk.path("page.html")
        page.unlink(missing_ok=True)
        desk.done("code", *words, str(page))
        pages.append(page.read_text(encoding="utf-8"))
    return pages


def test_hostile_names_of_files_are_told_without_effect(portal: PortalDesk, tmp_path: Path) -> None:
    for text in TEXTS.values():
        name = text.replace("/", "_")[:80]
        argv = ("portal", "trust", "--out", str(tmp_path / name))
        outcome = portal.run(*argv)
        require_shown(outcome, argv)
        assert outcome.code in {0, 1, 2, 6}, outcome


# --- the tests can fail ----------------------------------------------------------------------------


def test_a_page_that_lets_a_text_through_is_noticed() -> None:
    honest = "<p>name</p>"
    assert elements(honest) == {("p",)}
    for name in ("script", "image", "end of a style"):
        assert not elements(f"<p>{TEXTS[name]}</p>") <= elements(honest)


@HOSTILE
def test_the_list_holds_what_it_says(name: str) -> None:
    """Nothing in it is a text that anybody would show as it is and think nothing of, but for a few names."""
    text = TEXTS[name]
    harmless = text.isascii() and text.isprintable() and text.replace(" ", "").isalpha()
    assert not harmless or name in {"device of Windows", "nothing", "a million letters", "blank at the end"}
