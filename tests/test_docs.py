"""The documentation says what the program does, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from cli.portal import portal
from tests.cli_examples import EXAMPLES
from tests.cli_reference import PAGE, ROOT, commands, page

PAGES = tuple(sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "samples" / "README.md")))


@pytest.mark.xdist_group("docs")
def test_the_command_page_is_what_the_program_says_and_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_other_name_of_a_command_has_an_example() -> None:
    lines = [line for example in EXAMPLES for line in example.lines]
    other_names = [f"tallystick portal {name} " for name in portal.other_names]
    assert other_names
    for name in other_names:
        assert any(name in line for line in lines), f"no example of `{name}`"


def test_every_command_has_an_example_that_uses_it() -> None:
    shown = {example.command: " ".join(example.lines) for example in reversed(EXAMPLES)}
    for words, _ in commands():
        assert f"tallystick {words}" in shown.get(words, ""), f"no example of `tallystick {words}`"


@pytest.mark.parametrize("place", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_file_that_a_page_names_is_there(place: Path) -> None:
    text = place.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) if ":" not in link]
    missing = [link for link in links if not (place.parent / link).exists()]
    named = re.findall(r"`((?:docs|tests|samples|benchmarks|requirements)/[\w./-]+\.\w+)`", text)
    missing += [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_the_index_of_decisions_has_every_record_by_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    rows = []
    for path in sorted(folder.glob("0*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2]
        rows.append(f"| [{path.name[:4]}]({path.name}) | {title} |")
    assert [line for line in index.splitlines() if line.startswith("| [")] == rows
