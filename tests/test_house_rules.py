"""The rules of the house, checked on every file of the repository."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import grimp
import pytest

from adapters.schemas.error_codes import codes

REPOSITORY = Path(__file__).parents[1]
LAYERS = ("domain", "projections", "adapters")  # each may import those before it
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 600
LINE_MAX = 120
WORDS_MIN = 4

INPUT_OUTPUT = {
    "asyncio", "builtins", "ctypes", "fileinput", "glob", "http", "importlib", "io", "logging", "mmap",
    "multiprocessing", "os", "pathlib", "random", "secrets", "select", "shutil", "signal", "socket",
    "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
CLOCKS_AND_FILES = {
    "open", "print", "input", "eval", "exec", "__import__", "datetime.now", "datetime.utcnow",
    "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4", "uuid4",
}  # fmt: skip
# In pieces, so that this file may be checked too.
THIS_MACHINE = re.compile("|".join(["/wo" + "rk/", "/tm" + "p/", "/ro" + "ot/", r"\.\./sha" + "red"]))
PACKAGE_HOSTS = re.compile("|".join(["pyp" + r"i\.org", "python" + "hosted", "deb" + r"ian\.org", "ubu" + r"ntu\.com"]))
LEFT_UNDONE = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
ERRORS = {"InputRefused", "IntegrityProblem", "LedgerUnavailable", "TooBusy"}
CAUSE_NOT_KNOWN = {"export_failed", "ledger_unusable"}
DATA = {".csv", ".xlsx", ".json", ".png", ".lock"}


@cache
def repository_files():
    """Every file that is committed, or would be, as paths from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    names = sorted(name for name in listed.stdout.decode().split("\0") if name)
    return [Path(name) for name in names if (REPOSITORY / name).is_file()]


@cache
def python_files():
    return [path for path in repository_files() if path.suffix == ".py"]


@cache
def text_of(path):
    return (REPOSITORY / path).read_text(encoding="utf-8", errors="replace")


@cache
def tree_of(path):
    return ast.parse(text_of(path))


def functions_of(path):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_pure(path):
    return path.parts[0] in ("domain", "projections")


def imported(path):
    """The top-level names that a module imports."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0], node.lineno


def called(path):
    """What a module calls, written as in the source."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def mentions(pattern, paths):
    return [
        f"{path}:{number}"
        for path in paths
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


def test_there_are_files_to_check_in_every_layer():
    assert {path.parts[0] for path in python_files()} >= {*LAYERS, "tests"}


def test_imports_point_inwards_from_adapters_to_projections_to_domain():
    graph = grimp.build_graph(*LAYERS, cache_dir=None)
    outward = [
        f"{importer} -> {target}"
        for importer in graph.modules
        for target in graph.find_modules_directly_imported_by(importer)
        if LAYERS.index(target.partition(".")[0]) > LAYERS.index(importer.partition(".")[0])
    ]
    assert outward == []


def test_domain_and_projections_import_nothing_that_does_input_or_output():
    found = [
        f"{path}:{line} {name}"
        for path in filter(is_pure, python_files())
        for name, line in imported(path)
        if name in INPUT_OUTPUT
    ]
    assert found == []


def test_domain_and_projections_read_no_clock_file_or_random_source():
    found = [
        f"{path}:{line} {name}"
        for path in filter(is_pure, python_files())
        for name, line in called(path)
        if name in CLOCKS_AND_FILES
    ]
    assert found == []


def test_no_function_is_longer_than_seventy_lines():
    found = [
        f"{path}:{function.lineno} {function.name}"
        for path in python_files()
        for function in functions_of(path)
        if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES_MAX
    ]
    assert found == []


def test_no_module_is_longer_than_six_hundred_lines():
    assert [str(path) for path in python_files() if text_of(path).count("\n") > MODULE_LINES_MAX] == []


def test_no_line_of_source_is_wider_than_120_characters():
    assert mentions(re.compile(f".{{{LINE_MAX + 1}}}"), python_files()) == []


def test_no_module_or_folder_is_a_drawer_for_leftovers():
    drawers = {"utils", "util", "helpers", "misc", "common"}
    assert [str(path) for path in python_files() if drawers & {*path.parts[:-1], path.stem}] == []


def test_nothing_is_marked_as_left_to_do():
    assert mentions(LEFT_UNDONE, [path for path in repository_files() if path.suffix not in DATA]) == []


@pytest.mark.parametrize("pattern", [THIS_MACHINE, PACKAGE_HOSTS], ids=["machine", "package host"])
def test_no_file_names_a_machine_or_a_package_host(pattern):
    assert mentions(pattern, [path for path in repository_files() if path.suffix not in (".xlsx", ".png")]) == []


def test_every_test_is_named_by_a_sentence():
    found = [
        f"{path}:{function.lineno} {function.name}"
        for path in python_files()
        if path.parts[0] == "tests"
        for function in functions_of(path)
        if function.name.startswith("test_") and len(function.name.split("_")) <= WORDS_MIN
    ]
    assert found == []


def public_definitions(body):
    """The functions and classes others may use: nothing within a function, nothing that begins with `_`."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body)


def test_every_module_class_and_function_of_the_domain_that_others_use_is_explained():
    found = [
        f"{path}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
        for path in python_files()
        if path.parts[0] == "domain"
        for node in [tree_of(path), *public_definitions(tree_of(path).body)]
        if not ast.get_docstring(node)
    ]
    assert found == []


def test_every_error_says_how_to_mend_it_unless_its_cause_is_not_known():
    errors = [
        (path, node)
        for path in python_files()
        if path.parts[0] in LAYERS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ERRORS and isinstance(node.args[0], ast.Constant)
    ]
    found = [
        f"{path}:{node.lineno}"
        for path, node in errors
        if node.args[0].value not in CAUSE_NOT_KNOWN and "mend" not in {keyword.arg for keyword in node.keywords}
    ]
    assert len(errors) > 100
    assert found == []


def test_every_code_that_the_source_can_raise_is_documented_and_stable_in_form():
    documented = set(re.findall(r"^\| `([^`]+)`", text_of(Path("docs/errors.md")), re.MULTILINE))
    raised = {one.code for one in codes(REPOSITORY)}
    assert raised - documented == set()
    assert [code for code in raised if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)] == []
