"""The house rules that no linter knows, as functions from sources to breaches.

Scope: what docs/CONTRIBUTING asks of the shape and the words of the code. Each rule takes every source at
once and yields what breaks it, so a rule is as easy to try on three planted lines as on the whole tree
(tests/test_architecture.py does both). Import directions are import-linter's; general lint is ruff's.

Invariant: a rule looks only at the sources that it is given; only `read_tree` and `read_texts` read
files, and `names_use_the_glossary` the glossary.
"""

import ast
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent

PRODUCT = ("codec", "reservation", "cli")
FOLDERS = (*PRODUCT, "tests", "samples", "benchmarks", ".ci")
MAX_FILE_LINES = 499
MAX_FUNCTION_LINES = 60
MAX_MEDIAN_FUNCTION_LINES = 12

Function = ast.FunctionDef | ast.AsyncFunctionDef
N = TypeVar("N", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path from the root with forward slashes, and its text."""

    path: str
    text: str

    @property
    def in_product(self) -> bool:
        """Whether this file is installed at a customer's, as opposed to tests and tools."""
        return PurePosixPath(self.path).parts[0] in PRODUCT


@dataclass(frozen=True, slots=True)
class Breach:
    """One place that breaks a rule."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


Rule = Callable[[Sequence[Source]], Iterator[Breach]]


def read_tree() -> tuple[Source, ...]:
    """Read every Python file of the project."""
    files = chain.from_iterable(sorted((ROOT / folder).rglob("*.py")) for folder in FOLDERS)
    return tuple(_read(path) for path in files)


def read_texts() -> tuple[Source, ...]:
    """Read every text file of the project, whatever its kind; made folders and binary files are left out."""
    made = re.compile(r"\.git|\.venv.*|dist|build|__pycache__|\..*_cache|\.hypothesis|.*\.egg-info")
    paths = sorted(path for path in ROOT.rglob("*") if path.is_file())
    kept = (path for path in paths if not any(made.fullmatch(part) for part in path.relative_to(ROOT).parts))
    return tuple(_read(path) for path in kept if b"\0" not in path.read_bytes())


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8", errors="replace")
    return Source(path.relative_to(ROOT).as_posix(), text)


@cache
def tree_of(source: Source) -> ast.Module:
    """Parse a source once."""
    return ast.parse(source.text, source.path)


@cache
def every_node(source: Source) -> tuple[ast.AST, ...]:
    """Walk a source once."""
    return tuple(ast.walk(tree_of(source)))


def nodes(sources: Sequence[Source], kind: type[N]) -> Iterator[tuple[Source, N]]:
    """Yield every syntax node of one kind, with the source it stands in."""
    for source in sources:
        for node in every_node(source):
            if isinstance(node, kind):
                yield source, node


def functions(sources: Sequence[Source]) -> Iterator[tuple[Source, Function]]:
    """Yield every function, methods and inner ones included."""
    yield from nodes(sources, ast.FunctionDef)
    yield from nodes(sources, ast.AsyncFunctionDef)


def product(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Keep the sources that ship."""
    return tuple(source for source in sources if source.in_product)


def references(source: Source) -> Iterator[ast.Attribute | ast.Name]:
    """Yield every place where a name or an attribute is spoken of."""
    yield from (node for node in every_node(source) if isinstance(node, ast.Attribute | ast.Name))


# --- shape -------------------------------------------------------------------------------------


def files_are_short(sources: Sequence[Source]) -> Iterator[Breach]:
    """Keep every file under 500 lines: past that it holds two subjects."""
    for source in sources:
        length = len(source.text.splitlines())
        if length > MAX_FILE_LINES:
            yield Breach(source.path, length, f"{length} lines (at most {MAX_FILE_LINES})")


def functions_are_short(sources: Sequence[Source]) -> Iterator[Breach]:
    """Keep every function within 60 lines, its docstring included."""
    for source, function in functions(sources):
        length = _length(function)
        if length > MAX_FUNCTION_LINES:
            yield Breach(source.path, function.lineno, f"{function.name} has {length} lines")


def most_functions_are_shorter(sources: Sequence[Source]) -> Iterator[Breach]:
    """Keep the median function of the product at about ten lines."""
    found = functions(product(sources))
    lengths = [_length(function) for _, function in found]
    median = statistics.median(lengths) if lengths else 0
    if median > MAX_MEDIAN_FUNCTION_LINES:
        yield Breach(sources[0].path, 1, f"the median function has {median} lines")


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def dataclasses_are_values(sources: Sequence[Source]) -> Iterator[Breach]:
    """Make every dataclass frozen and slotted: a value that changes is a bug that waits.

    Fakes and models in tests are not values: they keep state on purpose.
    """
    for source, owner in nodes([s for s in sources if not s.path.startswith("tests/")], ast.ClassDef):
        for decorator in owner.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            name = ast.unparse(call.func if call else decorator)
            if name not in {"dataclass", "dataclasses.dataclass"}:
                continue
            set_true = {word.arg for word in (call.keywords if call else ()) if _is_true(word.value)}
            missing = {"frozen", "slots"} - set_true
            if missing:
                yield Breach(source.path, owner.lineno, f"{owner.name} is not frozen=True, slots=True")


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def public_things_are_described(sources: Sequence[Source]) -> Iterator[Breach]:
    """Describe every module, and in the product every public class and function."""
    for source in sources:
        if source.text.strip() and not ast.get_docstring(tree_of(source)):
            yield Breach(source.path, 1, "the module has no docstring")
    for source in product(sources):
        for thing in _public_things(tree_of(source)):
            if not ast.get_docstring(thing) and not _is_overload(thing):
                yield Breach(source.path, thing.lineno, f"{thing.name} has no docstring")


def _public_things(owner: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | Function]:
    """Yield what users of a module can reach by public names; a function keeps its inside to itself."""
    for node in owner.body:
        if isinstance(
            node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public_things(node)


def _is_overload(thing: ast.ClassDef | Function) -> bool:
    return any(ast.unparse(decorator).endswith("overload") for decorator in thing.decorator_list)


# --- purity ------------------------------------------------------------------------------------

# Where the world is let in: the clock, chance, the environment, the user's name. All else is handed these.
# The device has an edge of its own, since products embed it without the command line.
EDGES = ("cli/world.py", "reservation/device/surroundings.py")
AMBIENT = re.compile(
    r"datetime\.(datetime\.(now|utcnow|today)|date\.today)|time\.(time|time_ns|localtime|gmtime)"
    r"|os\.(urandom|environ|environb|getenv|getlogin)|getpass\.getuser|uuid\.uuid[14]|platform\.node"
    r"|socket\.gethostname|nacl\.utils\.random|nacl\.signing\.SigningKey\.generate|(random|secrets)\..*"
)


def world_comes_in_as_arguments(sources: Sequence[Source]) -> Iterator[Breach]:
    """Read the clock, chance and the environment only at the edge; even naming them counts."""
    for source in product(sources):
        if source.path in EDGES:
            continue
        names = _imported_names(tree_of(source))
        for node in references(source):
            meant = _dotted(node, names)
            if meant and AMBIENT.fullmatch(meant):
                yield Breach(source.path, node.lineno, f"{meant} outside the edge modules")


def _imported_names(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                names[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (owner := _dotted(node.value, names)):
        return f"{owner}.{node.attr}"
    return None


SQL = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+"
    r"(TABLE|INDEX|VIEW|TRIGGER)|PRAGMA\s+\w+|BEGIN\s+(IMMEDIATE|EXCLUSIVE))\b"
    r"|^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|pragma\s)",
    re.DOTALL,
)


def sql_stays_in_its_folder(sources: Sequence[Source]) -> Iterator[Breach]:
    """Keep SQL under reservation/sql, where it can be read as a whole."""
    inside = "reservation/sql/"
    outside = [source for source in product(sources) if not source.path.startswith(inside)]
    for source in outside:
        described = _docstring_nodes(tree_of(source))
        for _, node in nodes([source], ast.Constant):
            if isinstance(node.value, str) and node not in described and SQL.search(node.value):
                yield Breach(source.path, node.lineno, f"SQL outside {inside}: {node.value.strip()[:40]!r}")


def _docstring_nodes(tree: ast.Module) -> set[ast.AST]:
    """Return the constants that stand alone as statements: docstrings, also those below attributes."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def only_commands_print(sources: Sequence[Source]) -> Iterator[Breach]:
    """Let nothing below the command line write to the terminal."""
    for source, call in nodes(product(sources), ast.Call):
        if not source.path.startswith("cli/") and ast.unparse(call.func) in {"print", "sys.stdout.write"}:
            yield Breach(source.path, call.lineno, "output outside cli/")


# --- words -------------------------------------------------------------------------------------

VAGUE = {"common", "data", "helper", "helpers", "lib", "manager", "managers", "misc", "util", "utils"}


def modules_have_telling_names(sources: Sequence[Source]) -> Iterator[Breach]:
    """Name a module after its subject; these names fit anything."""
    for source in sources:
        parts = PurePosixPath(source.path).with_suffix("").parts
        if vague := VAGUE & {word for part in parts for word in part.split("_")}:
            yield Breach(source.path, 1, f"a module named {', '.join(sorted(vague))}")


def functions_do_one_thing(sources: Sequence[Source]) -> Iterator[Breach]:
    """Split a function that needs "and" in its name."""
    for source, function in functions(product(sources)):
        if "and" in words_of(function.name):
            yield Breach(source.path, function.lineno, f"{function.name} is two functions")


def nothing_is_left_undone(sources: Sequence[Source]) -> Iterator[Breach]:
    """Finish it, or write an issue: no reminders and no empty shells in the code."""
    # A letter in brackets keeps the pattern from finding itself.
    marks = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK|N[o]tImplemented(Error)?)\b")
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), start=1):
            if mark := marks.search(line):
                yield Breach(source.path, number, mark.group())


def every_test_runs(sources: Sequence[Source]) -> Iterator[Breach]:
    """Let no test be skipped or expected to fail, and let none use mocks."""
    dodges = re.compile(r"(pytest|pytest\.mark|unittest)\.(skip\w*|xfail|importorskip|expectedFailure)")
    mocks = re.compile(r"(unittest\.mock|pytest_mock|mock)(\..*)?")
    for source in sources:
        names = _imported_names(tree_of(source))
        for node in references(source):
            meant = _dotted(node, names) or ""
            if dodges.fullmatch(meant):
                yield Breach(source.path, node.lineno, f"{meant}: a test that does not run")
        if used := sorted(filter(mocks.fullmatch, names.values())):
            yield Breach(source.path, 1, f"{used[0]}: use the real thing, or a hand-written fake")


def every_test_can_fail(sources: Sequence[Source]) -> Iterator[Breach]:
    """Let each test assert something, itself or through a function of the tests that it calls."""
    tests = [source for source in sources if not source.in_product]
    named: dict[str, list[Function]] = {}
    for _, function in functions(tests):
        named.setdefault(function.name, []).append(function)
    for source, function in functions(tests):
        if function.name.startswith("test_") and not _can_fail(function, named):
            yield Breach(source.path, function.lineno, f"{function.name} asserts nothing")


def _can_fail(
    function: Function, named: Mapping[str, Sequence[Function]], above: frozenset[str] = frozenset()
) -> bool:
    above |= {function.name}
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"raises", "run_state_machine_as_test"} or called.startswith("assert_"):
                return True
            others = () if called in above else named.get(called, ())
            if any(_can_fail(other, named, above) for other in others):
                return True
    return False


# Errors that say the same to a script as the class they refine.
SHARED_CODES = {
    "codec/parity.py:UncorrectableError": "to a reader, too many wrong characters are a malformed code",
}


def error_codes_are_stable_names(sources: Sequence[Source]) -> Iterator[Breach]:
    """Give every error class a `code` of its own, in kebab-case: scripts rely on it."""
    owners: dict[str, str] = {}
    for source, owner in nodes(product(sources), ast.ClassDef):
        if not owner.name.endswith("Error") or f"{source.path}:{owner.name}" in SHARED_CODES:
            continue
        code = _own_code(owner)
        if code is None or not re.fullmatch(r"[a-z]+(-[a-z]+)*", code):
            yield Breach(source.path, owner.lineno, f"{owner.name} has no kebab-case code of its own")
        elif code in owners:
            yield Breach(source.path, owner.lineno, f"{owner.name} has the code of {owners[code]}: {code}")
        else:
            owners[code] = owner.name


def _own_code(owner: ast.ClassDef) -> str | None:
    for node in owner.body:
        target, value = _assignment(node)
        if target == "code" and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _assignment(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]), node.value
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.target), node.value
    return "", None


def names_use_the_glossary(sources: Sequence[Source]) -> Iterator[Breach]:
    """Use the glossary's word for a thing: no name contains one that it rules out."""
    never = never_words((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    for source in product(sources):
        for line, name in _named(tree_of(source)):
            words = words_of(name)
            said = never & set(words)
            # "Evidence claim" is the protocol's own term: what a device says about its key.
            if said and not (said == {"claim"} and "evidence" in words):
                yield Breach(source.path, line, f"{name}: the glossary has another word")


@cache
def never_words(glossary: str) -> frozenset[str]:
    """Collect what the glossary's `Never:` lines rule out."""
    lines = re.findall(r"^Never: (.+)\.$", glossary, re.MULTILINE)
    return frozenset(word.strip() for line in lines for word in line.split(","))


def words_of(name: str) -> list[str]:
    """Split an identifier, snake or camel, into lower-case words.

    >>> words_of("VerifiedCode_of")
    ['verified', 'code', 'of']
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every name that the code itself gives: definitions, arguments, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


# A letter in brackets keeps these patterns from finding themselves.
PRIVATE_PLACES = re.compile(
    r"/w[o]rk/|/r[o]ot/|/o[p]t/(pypi|wheels)|/h[o]me/\w+/|[A-Z]:\\Users\\"
    r"|p[y]pi\.org|pythonh[o]sted\.org|npmj[s]\."
)


def texts_name_no_machine(texts: Sequence[Source]) -> Iterator[Breach]:
    """Keep the paths and the package sources of whoever wrote a file out of it."""
    for text in texts:
        for number, line in enumerate(text.text.splitlines(), start=1):
            if place := PRIVATE_PLACES.search(line):
                yield Breach(text.path, number, place.group())
