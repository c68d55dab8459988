"""The table of exit codes is complete, and says the same as the documentation."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli
import codec
import reservation
from cli.errors import CommandError
from cli.exit_codes import EXIT_CODES
from cli.exits import EXIT_OF, exit_code_of
from codec.errors import CodecError
from reservation.errors import ReservationError

BASES = (CodecError, ReservationError, CommandError)


def _import_everything() -> None:
    for package in (codec, reservation, cli):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def _classes(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from _classes(kind)


def test_every_error_has_its_own_entry() -> None:
    _import_everything()
    known = {
        kind
        for base in BASES
        for kind in _classes(base)
        if kind.__module__.partition(".")[0] in {"codec", "reservation", "cli"}
    }
    assert known - EXIT_OF.keys() == set()
    assert EXIT_OF.keys() - known == set()


def test_every_exit_code_is_used_and_described() -> None:
    assert set(EXIT_OF.values()) | {0} == set(EXIT_CODES) == set(range(8))


def test_every_error_code_is_its_own() -> None:
    codes = [kind.__dict__["code"] for kind in EXIT_OF if "code" in kind.__dict__]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", EXIT_OF, ids=lambda kind: kind.__name__)
def test_errors_exit_as_the_table_says(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    assert exit_code_of(error) == EXIT_OF[kind]


def test_a_class_without_an_entry_exits_like_its_base() -> None:
    class NewError(ReservationError):
        pass

    assert exit_code_of(NewError("new")) == EXIT_OF[ReservationError]


#: Bases that nothing raises themselves, and what no command of today raises or a script could see.
NOT_MET = {
    "codec",
    "command",
    "reservation",
    "not-here",
    "not-permitted",
    "missing-extra",  # tests/test_packaging.py: in an environment without the extra
    "declined",  # a person's answer on a terminal, where there is no JSON
}


@pytest.mark.parametrize("kind", [kind for kind in EXIT_OF if kind.code not in NOT_MET])  # type: ignore[attr-defined]
def test_every_error_is_met_by_a_test_of_the_command_line(kind: type[Exception]) -> None:
    here = Path(__file__).resolve().parent
    met = "".join(path.read_text(encoding="utf-8") for path in sorted(here.glob("test_*.py")))
    assert f'"{kind.code}"' in met  # type: ignore[attr-defined]
