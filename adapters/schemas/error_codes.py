"""`docs/errors.md`: every code that an error, a refusal or a flag can carry, read from the source itself.

A code is the string handed to an error's constructor. Where it is a name, it is followed one step back: to
the callers of the function whose parameter it is, to the rows of a loop, to what was assigned to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("domain", "projections", "adapters")
ERRORS = ("InputRefused", "LedgerUnavailable", "TooBusy", "IntegrityProblem")
POSITION_OF_CODE = {**dict.fromkeys(ERRORS, 0), "Refusal": 2, "Flag": 1}
KIND_OF = {"Refusal": "InputRefused"}
MEANING = {
    "InputRefused": "A record or argument the ledger does not take. Exit status 3 (recorded) or 2 (usage).",
    "LedgerUnavailable": "The ledger cannot be opened, read or written. Exit status 4.",
    "TooBusy": "More comes in than can be written; nothing of it is stored, so send it again. Exit status 4.",
    "IntegrityProblem": "What is stored disagrees with itself. Exit status 1.",
    "Flag": "Not an error: recorded as it came, and somebody should look at it.",
}
HEAD = """# Error codes

Generated from the source by `python -m adapters.schemas`; a test keeps it complete. Codes are stable: a
program may branch on them. Words may change. Every error carries `code`, `what`, `where` and `mend`.
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One code at one place: the kind of error, the module, and the words beside it (`""` if computed)."""

    kind: str
    code: str
    module: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a name is looked up: one function with the module's own assignments, and what can be called."""

    own: ast.AST
    near: ast.Module
    functions: tuple[Function, ...]


NOWHERE = Scope(ast.Module([], []), ast.Module([], []), ())


def errors_reference(repository: Path) -> str:
    """Return the text of `docs/errors.md`."""
    found = codes(repository)
    lines = [HEAD]
    for kind, words in MEANING.items():
        lines += [
            f"## {kind}",
            "",
            words,
            "",
            "| code | what | to mend it | raised in |",
            "|---|---|---|---|",
        ]
        for code in sorted({one.code for one in found if one.kind == kind}):
            lines.append(_row(code, [one for one in found if (one.kind, one.code) == (kind, code)]))
        lines.append("")
    return "\n".join(lines)


def codes(repository: Path) -> list[Found]:
    """Return every code that the source can raise, in order, each place once."""
    modules = {
        path.relative_to(repository).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((repository / package).rglob("*.py"))
    }
    makers = {name: (KIND_OF.get(name, name), index) for name, index in POSITION_OF_CODE.items()}
    for tree in modules.values():
        makers = {**_passers_on(tree, makers), **makers}
    carried = {text for tree in modules.values() for text in _carried(tree)}
    found: set[Found] = set()
    for name, tree in modules.items():
        for scope in _scopes(tree):
            for call in _calls(scope.own, makers):
                found.update(_at_call(call, makers, scope, name), _rethrown(call, makers, carried, name))
    return sorted(found)


def _row(code: str, places: list[Found]) -> str:
    cells = [
        sorted({text for text in texts if text}) for texts in zip(*((p.what, p.mend) for p in places), strict=True)
    ]
    what, mend = ("; or: ".join(cell).replace("|", "\\|") for cell in cells)
    return f"| `{code}` | {what} | {mend} | {', '.join(sorted({f'`{p.module}`' for p in places}))} |"


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _calls(tree: ast.AST, makers: dict[str, tuple[str, int]]) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in makers)


def _code_argument(call: ast.Call, index: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "code":
            return keyword.value
    return call.args[index] if len(call.args) > index else None


def _passers_on(tree: ast.AST, makers: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """Find functions that hand their own parameter `code` to an error: their callers name the code."""
    found = {}
    for function in _functions(tree):
        names = [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]
        for call in _calls(function, makers):
            kind, index = makers[_called(call)]
            argument = _code_argument(call, index)
            if isinstance(argument, ast.Name) and argument.id in names:
                found[function.name] = (kind, names.index(argument.id))
    return found


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _scopes(tree: ast.Module) -> Iterator[Scope]:
    """Yield the module's top level, then each function; a function within another is read in both."""
    functions = tuple(_functions(tree))
    constants = [node for node in tree.body if isinstance(node, ast.Assign)]
    top = ast.Module([node for node in tree.body if not isinstance(node, Function | ast.ClassDef)], [])
    yield Scope(top, top, functions)
    for function in functions:
        yield Scope(function, ast.Module([*constants, function], []), functions)


def _at_call(call: ast.Call, makers: dict[str, tuple[str, int]], scope: Scope, module: str) -> Iterator[Found]:
    name = _called(call)
    kind, index = makers[name]
    argument = _code_argument(call, index)
    if argument is None:
        return
    what = _words(call.args[index + 1], scope) if len(call.args) > index + 1 else ""
    mend = next((_words(keyword.value, scope) for keyword in call.keywords if keyword.arg == "mend"), "")
    for code in _strings(argument, scope):
        yield Found(kind, code, module, what, mend)


def _carried(tree: ast.AST) -> Iterator[str]:
    """Find the codes that exceptions of our own carry: `self.code = ...`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(target, "attr", "") == "code" for target in node.targets):
            yield from _strings(node.value, NOWHERE)


def _rethrown(call: ast.Call, makers: dict[str, tuple[str, int]], carried: set[str], module: str) -> Iterator[Found]:
    kind, index = makers[_called(call)]
    argument = _code_argument(call, index)
    if isinstance(argument, ast.Attribute) and getattr(argument.value, "id", "") == "error":
        yield from (Found(kind, code, module, "", "") for code in carried)


def _strings(value: ast.expr, scope: Scope) -> set[str]:
    """Return the strings an expression can be, as far as one step back shows."""
    if isinstance(value, ast.IfExp):
        return _strings(value.body, scope) | _strings(value.orelse, scope)
    if isinstance(value, ast.Constant):
        return {value.value} if isinstance(value.value, str) else set()
    if isinstance(value, ast.Name):
        return _assigned(value.id, scope) | _looped_over(value.id, scope)
    if isinstance(value, ast.Call):
        return {text for function in scope.functions if function.name == _called(value) for text in _returned(function)}
    return set()


def _returned(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant | ast.IfExp):
            yield from _strings(node.value, NOWHERE)


def _assigned(name: str, scope: Scope) -> set[str]:
    values = [
        node.value
        for node in ast.walk(scope.near)
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    return {text for value in values if not isinstance(value, ast.Name) for text in _strings(value, scope)}


def _looped_over(name: str, scope: Scope) -> set[str]:
    """Follow `for part, code, mend in CAUSES` to the column of the table CAUSES."""
    found: set[str] = set()
    for loop in ast.walk(scope.near):
        if not (isinstance(loop, ast.For) and isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Name)):
            continue
        names = [getattr(part, "id", "") for part in loop.target.elts]
        if name in names:
            found |= _column(loop.iter.id, names.index(name), scope)
    return found


def _column(table: str, index: int, scope: Scope) -> set[str]:
    rows: list[ast.expr] = []
    for node in ast.walk(scope.near):
        is_it = isinstance(node, ast.Assign) and any(getattr(target, "id", "") == table for target in node.targets)
        if is_it and isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple | ast.List):
            rows = node.value.elts
    return {text for row in rows if isinstance(row, ast.Tuple) for text in _strings(row.elts[index], scope)}


def _words(value: ast.expr, scope: Scope) -> str:
    """Return a message as written, `…` for what is filled in; nothing if it is computed elsewhere."""
    if isinstance(value, ast.Name):
        return _words_above(value, scope)
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in value.values)
    return ""


def _words_above(name: ast.Name, scope: Scope) -> str:
    """Follow a message's name to its last assignment above, or to a constant of the module."""
    values = [
        (node.lineno, node.value)
        for node in ast.walk(scope.near)
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name.id for target in node.targets)
    ]
    above = sorted((line, index) for index, (line, _) in enumerate(values) if line < name.lineno)
    return _words(values[above[-1][1]][1], NOWHERE) if above else ""
