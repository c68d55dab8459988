"""docs/threat-model.md names tests that exist, and every threat has one or says what is not there yet."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.style_rules import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
_TEST = re.compile(r"^- `([^`]+)`$", re.MULTILINE)


def threats(page: str) -> dict[str, str]:
    """Return the threats of a page: heading → text."""
    _, _, rest = page.partition("\n## Threats\n")
    section = re.split(r"^## ", rest, flags=re.MULTILINE)[0]
    parts = re.split(r"^### (.+)\n", section, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named_tests(text: str) -> list[str]:
    """Return the tests that a threat is shown by."""
    _, _, rest = text.partition("\n*Shown by*:\n")
    return _TEST.findall(rest.partition("\n*Not yet*:")[0])


def missing(text: str) -> str:
    """Return what a threat says is not there yet."""
    found = re.search(r"^\*Not yet\*: (\S.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests of a file; none when there is no such file."""
    file = ROOT / path
    if not path.startswith("tests/") or not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def faults(page: str) -> Iterator[str]:
    """Say what is wrong with a page."""
    found = threats(page)
    if [heading.partition(". ")[0] for heading in found] != [str(n) for n in range(1, len(found) + 1)]:
        yield "the threats are not numbered from 1"
    for heading, text in found.items():
        tests = named_tests(text)
        if not tests and not missing(text):
            yield f"{heading}: no test, and nothing that is missing"
        if ("*Shown by*:" in text) != bool(tests) or ("*Not yet*" in text) != bool(missing(text)):
            yield f"{heading}: a part without content"
        if tests and "\n*What happens*: " not in text:
            yield f"{heading}: it does not say what happens"
        for name in tests:
            path, _, function = name.partition("::")
            if function not in names_in(path) or not function.startswith("test_"):
                yield f"{heading}: there is no {name}"
    everywhere = re.findall(r"`(tests/[^`]+)`", page)
    if len(everywhere) != sum(len(named_tests(text)) for text in found.values()):
        yield "a test is named outside a list"


def test_every_threat_has_tests_that_exist_or_says_what_is_missing() -> None:
    assert list(faults(PAGE)) == []
    assert len(threats(PAGE)) > 20


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("### 27. A threat\n\nNothing more.\n", "no test, and nothing that is missing"),
        ("### 27. A threat\n\n*Shown by*:\n\n*Not yet*: all of it.\n", "a part without content"),
        ("### 27. A threat\n\n*Not yet*: \n", "no test, and nothing that is missing"),
        ("### 28. A threat\n\n*Not yet*: all of it.\n", "not numbered"),
        (
            "### 27. A threat\n\n*What happens*: it.\n\n*Shown by*:\n\n- `tests/test_docs.py::test_moon`\n",
            "there is no tests/test_docs.py::test_moon",
        ),
        (
            "### 27. A threat\n\n*What happens*: a thing.\n\n*Shown by*:\n\n- `tests/moon.py::test_a`\n",
            "there is no tests/moon.py::test_a",
        ),
        (
            "### 27. A threat\n\n*Shown by*:\n\n- `tests/test_threat_model.py::"
            "test_every_threat_has_tests_that_exist_or_says_what_is_missing`\n",
            "does not say what happens",
        ),
        ("### 27. A threat\n\n*Not yet*: see `tests/test_docs.py::test_a`.\n", "outside a list"),
    ],
)
def test_a_planted_fault_is_found(planted: str, found: str) -> None:
    page = PAGE.replace("## Honest limits", f"{planted}\n## Honest limits")
    assert any(found in fault for fault in faults(page)), list(faults(page))


def test_the_honest_limits_are_told() -> None:
    _, _, limits = PAGE.partition("\n## Honest limits\n")
    assert len(re.findall(r"^- \*\*", limits, re.MULTILINE)) >= 8
