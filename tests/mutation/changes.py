"""Small faults planted in a module, one at a time: what the tests of that module must notice.

Scope: which faults (`mutants`), and how one is compiled (`compiled`). A mutant is a comparison that includes
its border or no longer does, a condition that always or never holds, an operator that became another one, a
number one too high, a statement or keyword left out, two arguments swapped, a result that is None.

Not planted, since no behaviour hangs on them: docstrings, annotations, ``__repr__``, and sentences: the words
of an error, its hint, or a note, and what joins them; ``strict=`` of a `zip`, which only says what is so.
Outside of functions faults are planted on request only.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr, ast.Pow: ast.Mult, ast.Div: ast.Mult,
}  # fmt: skip
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}

_NAMING = {"cast", "encode", "decode"}
#: Characters of code in the name of a mutant, at most.
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.

    Attributes:
        name: The function, and the code before and after: it stays when other lines of the module change.
        function: Qualified name of the outermost function that it is in; None outside of all.
        lines: First and last line of the statement.
        holder: Syntax node in which something is replaced.
        field: Which of its fields.
        index: Which entry, in a field that is a list; None in one that is not.
        new: What stands there instead; None leaves the entry of a list out.
    """

    name: str
    function: str | None
    lines: tuple[int, int]
    holder: ast.AST
    field: str
    index: int | None
    new: object


def mutants(tree: ast.Module) -> list[Mutant]:
    """Return every mutant of a module, in the order of its lines."""
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for where, statement, holder, field, index, new in _Sites(tree).found:
        change = _described(statement, holder, field, index, new)
        if change is None:
            continue
        name = f"{where or '(module)'}: {change}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name} #{seen[name]}"
        found.append(Mutant(name, where, _span(statement), holder, field, index, new))
    return found


def compiled(tree: ast.Module, mutant: Mutant, path: str) -> CodeType:
    """Return the module's code with the fault in it; the tree is left as it was."""
    undo = _replace(mutant.holder, mutant.field, mutant.index, mutant.new)
    try:
        return compile(ast.fix_missing_locations(tree), path, "exec")
    finally:
        setattr(mutant.holder, mutant.field, undo)


def _replace(holder: ast.AST, field: str, index: int | None, new: object) -> object:
    old = getattr(holder, field)
    if index is None:
        setattr(holder, field, new)
    else:
        put = [] if new is None else [new]
        setattr(holder, field, [*old[:index], *put, *old[index + 1 :]])
    return old


def _described(
    statement: ast.stmt, holder: ast.AST, field: str, index: int | None, new: object
) -> str | None:
    """Return the code before and after; None when it stays the same."""
    if isinstance(new, ast.Pass | ast.Break | ast.Continue):
        old = getattr(holder, field)[index]
        return f"`{_first_line(old)[:_SHOWN]}` → {_first_line(new)}"
    # An operator or a constant says little by itself: what holds it says more.
    shown = holder if isinstance(holder, ast.expr | ast.Return) else statement
    before = _first_line(shown)
    undo = _replace(holder, field, index, new)
    after = _first_line(shown)
    setattr(holder, field, undo)
    return None if before == after else _difference(before, after)


def _difference(before: str, after: str) -> str:
    """Return two pieces of code, of long ones only what is around the place where they differ."""
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = max(0, same - _SHOWN // 2) if max(len(before), len(after)) > _SHOWN else 0
    cut = "…" if start else ""
    return " → ".join(f"`{cut}{text[start : start + _SHOWN]}`" for text in (before, after))


def _first_line(node: ast.AST) -> str:
    if isinstance(node, ast.For | ast.While | ast.If | ast.With):
        return ast.unparse(node).split("\n", 1)[0]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return next(line for line in ast.unparse(node).split("\n") if "def " in line)
    return " ".join(ast.unparse(node).split())


def _span(statement: ast.stmt) -> tuple[int, int]:
    """Return the lines of a statement, of a compound one those of its head."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return statement.lineno, max(last, statement.lineno)


Site = tuple[str | None, ast.stmt, ast.AST, str, int | None, object]


class _Sites:
    """A walk over a module that notes where a fault fits."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[Site] = []
        self._where: str | None = None
        self._classes: list[str] = []
        self._body(tree, "body")

    # --- statements ------------------------------------------------------------------------------

    def _body(self, holder: ast.AST, field: str) -> None:
        for index, statement in enumerate(getattr(holder, field, ())):
            self._statement(holder, field, index, statement)

    def _statement(self, holder: ast.AST, field: str, index: int, statement: ast.stmt) -> None:
        self._now = statement
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(statement)
            case ast.ClassDef():
                self._classes.append(statement.name)
                self._body(statement, "body")
                self._classes.pop()
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal():
                pass
            case ast.Expr(ast.Constant()):
                pass
            case _:
                self._dropped(holder, field, index, statement)
                self._parts(statement)

    def _function(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if statement.name == "__repr__":
            return
        outermost = self._where is None
        self._defaults(statement)
        if outermost:
            self._where = ".".join((*self._classes, statement.name))
        self._body(statement, "body")
        if outermost:
            self._where = None

    def _defaults(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for field in ("defaults", "kw_defaults"):
            for index, default in enumerate(getattr(statement.args, field)):
                if default is not None:
                    self._expression(statement.args, field, index, default)

    def _dropped(self, holder: ast.AST, field: str, index: int, statement: ast.stmt) -> None:
        if self._where is None:
            return
        match statement:
            case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Delete() | ast.Assert():
                self._note(holder, field, index, ast.Pass())
            case ast.Continue():
                self._note(holder, field, index, ast.Break())
                self._note(holder, field, index, ast.Pass())
            case ast.Break():
                self._note(holder, field, index, ast.Pass())
            case ast.Return(value) if value is not None and not _is_none(value):
                self._note(statement, "value", None, ast.Constant(None))
            case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
                self._note(holder, field, index, ast.Pass())
            case _:
                pass

    def _parts(self, statement: ast.stmt) -> None:
        """Walk through what a statement is made of: expressions first, then the statements in it."""
        for field, value in ast.iter_fields(statement):
            is_name = field == "target" and not isinstance(value, ast.Subscript)
            if isinstance(value, ast.expr) and field != "annotation" and not is_name:
                self._expression(statement, field, None, value)
        if isinstance(statement, ast.If | ast.While):
            self._always(statement, "test")
        for item in getattr(statement, "items", ()):
            self._expression(item, "context_expr", None, item.context_expr)
        for field in ("body", "orelse", "finalbody"):
            self._body(statement, field)
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            if getattr(part, "guard", None) is not None:
                self._expression(part, "guard", None, part.guard)
            self._body(part, "body")

    # --- expressions -----------------------------------------------------------------------------

    def _expression(self, holder: ast.AST, field: str, index: int | None, node: ast.expr) -> None:
        if _is_sentence(node):
            return
        self._changed(holder, field, index, node)
        skip_words = isinstance(node, ast.Call) and _says(node)
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "keywords", "generators", "ops", "op", "ctx"}:
                continue
            if isinstance(value, ast.expr):
                self._expression(node, name, None, value)
            elif isinstance(value, list):
                for at, one in enumerate(value):
                    if isinstance(one, ast.expr) and not (skip_words and name == "args"):
                        self._expression(node, name, at, one)
        if isinstance(node, ast.Call):
            self._keywords(node)
        for generator in getattr(node, "generators", ()):
            self._generator(generator)

    def _keywords(self, node: ast.Call) -> None:
        for index, keyword in enumerate(node.keywords):
            if keyword.arg in {"hint", "strict"}:
                continue
            self._note(node, "keywords", index, None)
            self._expression(keyword, "value", None, keyword.value)

    def _generator(self, generator: ast.comprehension) -> None:
        self._expression(generator, "iter", None, generator.iter)
        for index, condition in enumerate(generator.ifs):
            self._note(generator, "ifs", index, None)
            self._expression(generator, "ifs", index, condition)

    def _always(self, holder: ast.AST, field: str) -> None:
        if isinstance(getattr(holder, field), ast.Constant):
            return
        if not isinstance(holder, ast.While):
            self._note(holder, field, None, ast.Constant(True))
        self._note(holder, field, None, ast.Constant(False))

    def _changed(self, holder: ast.AST, field: str, index: int | None, node: ast.expr) -> None:
        match node:
            case ast.Constant(value):
                new = _other(value)
                if new is not None and not _is_spelling(holder, field):
                    self._note(holder, field, index, ast.Constant(new))
            case ast.Compare(ops=ops):
                for at, op in enumerate(ops):
                    self._note(node, "ops", at, _COMPARED[type(op)]())
            case ast.BinOp(op=op) if type(op) in _COMPUTED:
                self._note(node, "op", None, _COMPUTED[type(op)]())
            case ast.BoolOp():
                self._both(holder, field, index, node)
            case ast.UnaryOp(operand=operand):
                self._note(holder, field, index, operand)
            case ast.IfExp():
                self._always(node, "test")
            case ast.Call():
                self._call(node)
            case _:
                pass

    def _both(self, holder: ast.AST, field: str, index: int | None, node: ast.BoolOp) -> None:
        self._note(node, "op", None, ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for at, value in enumerate(node.values):
            if len(node.values) > 2:
                self._note(node, "values", at, None)
            else:
                self._note(holder, field, index, value)

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _CALLED:
            self._note(node, "func", None, ast.Name(_CALLED[node.func.id], ast.Load()))
        plain = len(node.args) >= 2 and not any(isinstance(one, ast.Starred) for one in node.args[:2])
        if plain and not _says(node) and ast.unparse(node.func) not in {"min", "max", "cast"}:
            self._note(node, "args", None, [node.args[1], node.args[0], *node.args[2:]])

    def _note(self, holder: ast.AST, field: str, index: int | None, new: object) -> None:
        self.found.append((self._where, self._now, holder, field, index, new))


def _says(call: ast.Call) -> bool:
    """Tell whether a call makes an error, whose arguments by position are its words."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return name.endswith("Error")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_sentence(node: ast.expr) -> bool:
    """Tell whether a node is a sentence for a person: text of three words or more."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value.strip().count(" ") >= 2
    if isinstance(node, ast.JoinedStr):
        words = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        return words.count(" ") >= 2
    return False


def _is_spelling(holder: ast.AST, field: str) -> bool:
    """Tell whether text is what stands between values that are shown, or names a type or an encoding."""
    joins = isinstance(holder, ast.Attribute) and holder.attr == "join" and field == "value"
    names = isinstance(holder, ast.Call) and ast.unparse(holder.func).split(".")[-1] in _NAMING
    return joins or names or isinstance(holder, ast.JoinedStr)


def _other(value: object) -> str | bytes | int | None:
    """Return a constant that is another one; None where there is no other one to try."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "~"
    if isinstance(value, bytes):
        return value + b"~"
    return None


def functions(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield every function of a compiled module that is in no other one, and its qualified name."""
    for one in code.co_consts:
        if not isinstance(one, CodeType) or one.co_name == "<lambda>":
            continue
        if "__module__" in one.co_names and "__qualname__" in one.co_names:
            yield from functions(one)
        else:
            yield one.co_qualname, one
