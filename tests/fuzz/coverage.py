"""Which lines of a parser an input reaches, by the interpreter's own tracing.

Scope: enough to say how much of a parser was exercised, and which inputs reach something new. No branch
coverage: atheris has that while it searches.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

Line = tuple[str, int]
"""File name and line number."""


def lines_of(modules: tuple[str, ...]) -> set[Line]:
    """Return every line of the functions of some modules that can be executed."""
    found: set[Line] = set()
    for name in modules:
        file = importlib.import_module(name).__file__
        assert file
        with open(file, encoding="utf-8") as source:  # noqa: PTH123 - the compiler wants the same name
            module = compile(source.read(), file, "exec")
        found |= {(file, line) for code in _functions(module) for line in _body(code)}
    return found


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Yield the functions within a module; class bodies run at import, as the module itself."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & _NEW_LOCALS:
                yield constant
            yield from _functions(constant)


_NEW_LOCALS = 2


def _body(code: CodeType) -> set[int]:
    lines = {line for _, _, line in code.co_lines() if line}
    return lines - {code.co_firstlineno} if len(lines) > 1 else lines


def reached(run: Callable[[], None], of: set[Line]) -> set[Line]:
    """Return which of some lines a call executes."""
    files = {file for file, _ in of}
    found: set[Line] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in files:
            return None
        if event == "line":
            found.add((file, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return found & of
