"""Hostile texts in what is carried away: results of batches, slips, exports of the log, names of files."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.portal_desk import PortalDesk
from tests.cli.test_hostile_places import elements, require_no_formula, require_shown, strings
from tests.cli.test_hostile_text import require_safe
from tests.hostile import TEXTS


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> PortalDesk:
    desk = PortalDesk(tmp_path_factory.mktemp("papers"))
    desk.done("portal", "va", "add", "Berlin")
    desk.done("portal", "license", "transfer", "ROUTING", "10", "--from", "DEFAULT", "--to", "Berlin")
    return desk


def files_named(folder: Path, content: str) -> list[str]:
    """Write a file under the name of each text, where the file system takes it; none is all ending."""
    folder.mkdir()
    made = []
    for text in filter(None, TEXTS.values()):
        name = f"{text.replace('/', '_')[:80]}.txt"
        try:
            (folder / name).write_text(content, encoding="utf-8")
        except (OSError, ValueError):
            continue
        made.append(name)
    assert len(made) > len(TEXTS) - 5
    return made


def test_results_of_a_batch_tell_hostile_names_without_effect(portal: PortalDesk) -> None:
    portal.join("spare", "FDO2")
    names = files_named(portal.path("codes"), portal.requested("spare"))
    argv = ("portal", "batch", str(portal.path("codes")), "--as-requested")
    as_json = portal.run(*argv, "--json")
    require_shown(as_json, argv)
    assert sorted(one["place"] for one in as_json.json["results"]) == sorted(names)
    for more in ((), ("--license", "NOTHING=1")):  # reserved again; refused for each
        shown = portal.run(*(argv[:-1] if more else argv), *more)
        require_shown(shown, argv)
        require_no_formula(shown.out)
        assert len(list(csv.DictReader(io.StringIO(shown.out)))) == len(names)
    results = portal.path("results.csv")
    portal.done(*argv, "--results", str(results))
    assert results.read_text(encoding="utf-8") == portal.done(*argv).out


class Pairs(HTMLParser):
    """Collects what a page says under each label."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._inside = self._label = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "dt":
            self._label = data
            self.found[data] = ""
        elif self._inside == "dd":
            self.found[self._label] += data


def pairs(page: str) -> dict[str, str]:
    reader = Pairs()
    reader.feed(page)
    reader.close()
    return reader.found


def test_slips_say_hostile_names_and_nothing_else_changes(portal: PortalDesk) -> None:
    request = portal.requested("router", "ROUTING=1")
    portal.done("portal", "reserve", request, "--as-requested", "--va", "Berlin")
    page, sheet = portal.path("slip.html"), portal.path("sheet.html")
    argv = ("portal", "slip", request)
    batch = ("portal", "batch", portal.write("request.txt", request), "--as-requested", "--sheet", str(sheet))
    plain, made, name = set[tuple[str, ...]](), 0, "Berlin"
    for text in ("Plain", *TEXTS.values()):
        if portal.run("portal", "va", "rename", "--", name, text).code:
            continue
        name, made = text, made + 1
        assert portal.done(*argv, "--html", str(page), "--json").json["virtual_account"] == text
        documents = [page.read_text(encoding="utf-8")]
        if made % 8 == 1:  # drawing the QR takes long
            require_shown(portal.done(*argv), argv)
            portal.done(*batch)
            documents.append(sheet.read_text(encoding="utf-8"))
        for document in documents:
            require_safe(document)
            assert pairs(document)["Virtual Account"] == text
            plain = plain or elements(document)
            assert elements(document) == plain
    assert made > 15


def test_an_export_of_the_log_holds_hostile_names_as_they_are(portal: PortalDesk) -> None:
    kept = [
        text
        for text in TEXTS.values()
        if portal.run("portal", "license", "add", "ROUTING", "1", f"--order={text}").code == 0
    ]
    export = portal.path("log.jsonl")
    portal.done("portal", "log", "export", str(export))
    lines = export.read_text(encoding="ascii").splitlines()
    found = {word for line in lines for word in strings(json.loads(line))}
    assert set(kept) - found == set()
    assert len(kept) > 15
    note = str(portal.path("now.note"))
    portal.done("portal", "log", "checkpoint", "--out", note)
    portal.done("portal", "log", "verify", note, "--export", str(export))


def test_files_with_hostile_names_are_written_or_refused_without_effect(portal: PortalDesk) -> None:
    folder = portal.path("out")
    folder.mkdir()
    for number, text in enumerate(TEXTS.values()):
        name = str(folder / text.replace("/", "_")[:80])
        words = (("log", "export", name), ("backup", f"{name}.db"), ("trust", f"--out={name}"))[number % 3]
        argv = ("portal", *words)
        outcome = portal.run(*argv, *(("--json",) if number % 2 else ()))
        require_shown(outcome, argv)
        assert outcome.code in {0, 1, 2}, (argv, outcome)
        if number % 2 and outcome.code == 0 and "trust" not in argv:
            assert outcome.json["file"].startswith(str(folder))


# --- the tests can fail ----------------------------------------------------------------------------


def test_a_formula_in_any_cell_is_noticed() -> None:
    for cell in ('"=1"', "x;=1", 'x; "=1"', '"x;""=1"""', "'a,@b"):
        with pytest.raises(AssertionError):
            require_no_formula(f"head,other\n1,{cell}\n")
    require_no_formula("head,other\n1,'=1\n2,x;'=1\n")
