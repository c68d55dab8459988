"""The house rules hold over the whole tree, and each of them can fail.

Every rule is first tried on planted lines that break it and on lines that look alike and are fine: a rule
that finds nothing anywhere proves nothing. Import directions are tried the same way, on a copy of the tree.
"""

import ast
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import style_rules
from tests.style_rules import ROOT, Breach, Rule, Source

TREE = style_rules.read_tree()


@dataclass(frozen=True, slots=True)
class Case:
    """A rule, lines that break it, lines that do not, and the file that they are planted in."""

    rule: Rule
    broken: str
    fine: str
    path: str = "codec/planted.py"


def body(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


TREE_CASES = {
    "files are short": Case(style_rules.files_are_short, "x = 1\n" * 500, "x = 1\n" * 499),
    "functions are short": Case(style_rules.functions_are_short, body(61), body(60)),
    "methods are short": Case(
        style_rules.functions_are_short,
        "class A:\n" + body(61).replace("\n", "\n ").replace("def", " def"),
        "",
    ),
    "most functions are shorter": Case(
        style_rules.most_functions_are_shorter,
        body(13) + body(13) + body(1 + 1),
        body(13) + body(2) + body(2),
    ),
    "dataclasses are frozen": Case(
        style_rules.dataclasses_are_values,
        "@dataclass(slots=True)\nclass A: ...",
        "@dataclass(frozen=True, slots=True)\nclass A: ...",
    ),
    "bare dataclasses count": Case(
        style_rules.dataclasses_are_values, "@dataclass\nclass A: ...", "@other\nclass A: ..."
    ),
    "modules are described": Case(
        style_rules.public_things_are_described, "x = 1", '"""Say what this is."""\nx = 1', "tests/planted.py"
    ),
    "methods are described": Case(
        style_rules.public_things_are_described,
        '"""Module."""\nclass A:\n    """Class."""\n    def f(self): ...',
        '"""Module."""\nclass _A:\n    def f(self): ...\ndef _g():\n    def inner(): ...',
    ),
    "the clock comes in": Case(
        style_rules.world_comes_in_as_arguments,
        "from datetime import datetime, UTC\nnow = datetime.now(UTC)",
        "from datetime import datetime, UTC\nstart = datetime(2024, 1, 1, tzinfo=UTC)\nnow = clock.now()",
    ),
    "the clock is not taken unnamed": Case(
        style_rules.world_comes_in_as_arguments,
        "import time as t\nclock = t.time",
        "import time\ntime.sleep(1)",
    ),
    "chance comes in": Case(
        style_rules.world_comes_in_as_arguments,
        "from os import urandom\nf(urandom)",
        "import os\nos.fsync(3)",
    ),
    "SQL has its folder": Case(
        style_rules.sql_stays_in_its_folder,
        'query = "SELECT id FROM reservation"',
        '"""Never SELECT a thing FROM here."""\nmessage = "Select a licence from the list, then update it."',
    ),
    "SQL in lower case": Case(
        style_rules.sql_stays_in_its_folder,
        'q = f"delete from {table}"',
        'q = "delete from"',
        "cli/planted.py",
    ),
    "only commands print": Case(style_rules.only_commands_print, "print(1)", "echo(1)"),
    "modules have telling names": Case(
        style_rules.modules_have_telling_names, "", "", "reservation/date_utils.py"
    ),
    "functions do one thing": Case(
        style_rules.functions_do_one_thing,
        "def load_and_save(): ...",
        "def demand(): ...\ndef android(): ...",
    ),
    "errors have a code": Case(
        style_rules.error_codes_are_stable_names,
        "class AError(Exception): ...",
        'class AError(Exception):\n    code: ClassVar[str] = "a-code"',
    ),
    "error codes are unique": Case(
        style_rules.error_codes_are_stable_names,
        'class AError(Exception):\n    code = "a"\nclass BError(AError):\n    code = "a"',
        'class AError(Exception):\n    code = "a"\nclass BError(AError):\n    code = "b"',
    ),
    "error codes are kebab-case": Case(
        style_rules.error_codes_are_stable_names,
        'class AError(Exception):\n    code = "Bad_Code"',
        'class AError(Exception):\n    code = "bad-code"',
    ),
    "tests are not skipped": Case(
        style_rules.every_test_runs,
        "import pytest\n@pytest.mark.skipif(True)\ndef test_a(): ...",
        "import pytest\n@pytest.mark.soak\ndef test_a(): skip = 1",
        "tests/planted.py",
    ),
    "tests are not expected to fail": Case(
        style_rules.every_test_runs,
        "from pytest import mark\n@mark.xfail\ndef test_a(): ...",
        "from pytest import mark\n@mark.usefixtures\ndef test_a(): ...",
        "tests/planted.py",
    ),
    "tests use no mocks": Case(
        style_rules.every_test_runs,
        "from unittest.mock import Mock",
        "from tests.fakes import Clock",
        "tests/planted.py",
    ),
    "tests assert": Case(
        style_rules.every_test_can_fail,
        "def test_a():\n    f()\n    assert True",
        "def test_a():\n    with pytest.raises(AError):\n        f()",
        "tests/planted.py",
    ),
    "tests may assert through a neighbour": Case(
        style_rules.every_test_can_fail,
        "def see(): return 1\ndef test_a(): see()",
        "def see(): assert f()\ndef test_a(): see()",
        "tests/planted.py",
    ),
    "names use the glossary": Case(
        style_rules.names_use_the_glossary, "def lease(): ...", "def release(): ..."
    ),
    "attributes use the glossary": Case(
        style_rules.names_use_the_glossary, "self.claim_count = 1", "self.evidence_claim = 1"
    ),
}

TEXT_CASES = {
    "texts name no machine": Case(
        style_rules.texts_name_no_machine,
        "Look in /r{}ot/.cache.".format("o"),
        "Look in /var/lib/tallystick and at /etc/tallystick.toml.",
        "docs/planted.md",
    ),
    "nothing is left undone": Case(
        style_rules.nothing_is_left_undone,
        "# TO{}: later".format("DO"),
        "# Todos os nomes: mastodon",
        "docs/planted.md",
    ),
}

CASES = TREE_CASES | TEXT_CASES


@pytest.mark.parametrize("name", CASES)
def test_a_planted_breach_is_found(name: str) -> None:
    case = CASES[name]
    assert list(case.rule([Source(case.path, case.broken)]))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.fine])
def test_what_only_looks_like_a_breach_is_not(name: str) -> None:
    case = CASES[name]
    assert [str(breach) for breach in case.rule([Source(case.path, case.fine)])] == []


@pytest.mark.parametrize(
    "rule", {case.rule: None for case in TREE_CASES.values()}, ids=lambda rule: rule.__name__
)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    assert [str(breach) for breach in rule(TREE)] == []


@pytest.mark.parametrize(
    "rule", {case.rule: None for case in TEXT_CASES.values()}, ids=lambda rule: rule.__name__
)
def test_the_texts_keep_the_rule(rule: Rule) -> None:
    assert [str(breach) for breach in rule(style_rules.read_texts())] == []


def test_every_rule_is_tried_on_a_planted_breach() -> None:
    rules = {
        rule
        for name, rule in inspect.getmembers(style_rules, inspect.isfunction)
        if not name.startswith("_") and inspect.signature(rule).return_annotation == Iterator[Breach]
    }
    assert rules == {case.rule for case in CASES.values()}


def test_every_exemption_is_still_needed() -> None:
    classes = {f"{source.path}:{node.name}" for source, node in style_rules.nodes(TREE, ast.ClassDef)}
    assert style_rules.SHARED_CODES.keys() <= classes
    assert set(style_rules.EDGES) <= {source.path for source in TREE}


def test_the_glossary_rules_words_out() -> None:
    words = style_rules.never_words("### a\nNever: lease, booking.\n*Not* b.\nNever say die")
    assert words == {"lease", "booking"}
    assert {"lease", "seat", "checkout"} <= style_rules.never_words(
        (ROOT / "docs/glossary.md").read_text("utf-8")
    )


@dataclass(frozen=True, slots=True)
class Detour:
    """An import that must not be, the file to plant it in, and the contract that forbids it."""

    path: str
    line: str
    contract: str


DETOURS = (
    Detour("codec/codes.py", "import reservation.errors", "stands on"),
    Detour("reservation/errors.py", "import cli", "stands on"),
    Detour("codec/codes.py", "import time", "The codec does no I/O"),
    Detour("codec/codes.py", "from pathlib import Path", "The codec does no I/O"),
    Detour("reservation/errors.py", "import tests.conftest", "Development code"),
    Detour("reservation/ledger.py", "import secrets", "Decisions do no I/O"),
    Detour("reservation/device/rules.py", "import os", "Decisions do no I/O"),
    Detour("reservation/device/agent.py", "import reservation.ledger", "The device half"),
    Detour("reservation/rules.py", "import reservation.device.state", "The portal half"),
    Detour("cli/main.py", "import reservation.sql", "Only bootstrap"),
    Detour("reservation/service/context.py", "import reservation.sql", "The portal half is a ladder"),
    Detour("reservation/ledger.py", "import reservation.rules", "The portal half is a ladder"),
    Detour("reservation/service/context.py", "import os", "The service does no I/O"),
    Detour("reservation/device/agent.py", "import cryptography", "A device needs none"),
    Detour("reservation/rules.py", "import nacl.signing", "Cryptography has one door"),
)


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=root, text=True, capture_output=True, check=False)


@pytest.fixture(scope="session")
def copy_of_the_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    shutil.copy2(ROOT / "pyproject.toml", root)
    for package in style_rules.PRODUCT:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_imports_keep_their_directions(copy_of_the_tree: Path) -> None:
    result = lint_imports(copy_of_the_tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("detour", DETOURS, ids=lambda detour: f"{detour.path}: {detour.line}")
def test_an_import_the_wrong_way_is_found(detour: Detour, copy_of_the_tree: Path) -> None:
    planted = copy_of_the_tree / detour.path
    before = planted.read_text(encoding="utf-8")
    planted.write_text(f"{before}\n\n{detour.line}\n", encoding="utf-8")
    result = lint_imports(copy_of_the_tree)
    planted.write_text(before, encoding="utf-8")
    broken = [line for line in result.stdout.splitlines() if " BROKEN" in line]
    assert result.returncode == 1
    assert any(detour.contract in line for line in broken)


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    shipped = [*project["project"]["dependencies"], *extras["images"], *extras["scan"], *extras["portal"]]
    assert names_in(shipped) <= locked_in("run")
    assert names_in(project["build-system"]["requires"]) <= locked_in("build")
    assert names_in([*shipped, *extras["dev"]]) - {"tallystick"} <= locked_in("dev")
    assert locked_in("run") | locked_in("build") <= locked_in("dev")


def names_in(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower().replace("_", "-") for text in requirements}


def test_every_locked_dependency_is_installed_by_its_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        entries = re.split(r"^(?=[\w.-]+==)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        assert [one for one in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", one)] == []
        assert len(entries) == len(locked_in(lock.stem)) > 0
    for name in ("Makefile", ".ci/release.py"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        installs = [line for line in lines if re.search(r'\$\(PIP\).*-r\b|"pip".*"download"', line)]
        assert installs
        assert [line for line in installs if "--require-hashes" not in line] == []


def locked_in(lock: str) -> set[str]:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
