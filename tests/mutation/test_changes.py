"""The faults that are planted: which there are, that they are planted, and that what is explained exists."""

import ast
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.mutation import changes
from tests.mutation.__main__ import justified
from tests.mutation.table import TESTS

ROOT = Path(__file__).parent.parent.parent
SOURCE = '''
class Box:
    def most(self, sizes, least=3):
        """Say which."""
        if least < 0 and sizes:
            raise ValueError("this is not possible")
        return max(sizes)
'''
EXPECTED = [
    "(module): `def most(self, sizes, least=3):` → `def most(self, sizes, least=4):`",
    "Box.most: `least < 0 and sizes` → `least < 0 or sizes`",
    "Box.most: `if least < 0 and sizes:` → `if least < 0:`",
    "Box.most: `if least < 0 and sizes:` → `if sizes:`",
    "Box.most: `least < 0` → `least <= 0`",
    "Box.most: `least < 0` → `least < 1`",
    "Box.most: `if least < 0 and sizes:` → `if True:`",
    "Box.most: `if least < 0 and sizes:` → `if False:`",
    "Box.most: `raise ValueError('this is not possible')` → pass",
    "Box.most: `return max(sizes)` → `return None`",
    "Box.most: `max(sizes)` → `min(sizes)`",
]


def test_each_fault_has_a_name() -> None:
    assert sorted(one.name for one in changes.mutants(ast.parse(SOURCE))) == sorted(EXPECTED)


def made(code: CodeType) -> Any:
    space: dict[str, Any] = {}
    exec(code, space)
    return space["Box"]()


def test_a_fault_is_in_the_code_and_leaves_the_tree_as_it_was() -> None:
    tree = ast.parse(SOURCE)
    before = ast.dump(tree)
    (other,) = [one for one in changes.mutants(tree) if "min(" in one.name]
    assert made(changes.compiled(tree, other, "box.py")).most([1, 2]) == 1
    assert ast.dump(tree) == before


def test_every_function_is_found_in_the_code() -> None:
    code = compile(SOURCE, "box.py", "exec")
    assert [name for name, _ in changes.functions(code)] == ["Box.most"]


@pytest.mark.parametrize(
    "module", sorted({name for name in TESTS if any(one.startswith(f"{name}.") for one in justified())})
)
def test_what_is_explained_could_still_be_planted(module: str) -> None:
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    known = {f"{module}.{one.name}" for one in changes.mutants(tree)}
    explained = {one for one in justified() if one.startswith(f"{module}.")}
    assert explained - known == set()


def test_the_modules_and_tests_that_are_named_exist() -> None:
    for module, files in TESTS.items():
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
        assert all((ROOT / "tests" / one).is_file() for one in files)
    assert all(any(one.startswith(f"{module}.") for module in TESTS) for one in justified())
