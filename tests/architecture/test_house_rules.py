"""The rules of CONTRIBUTING.md that a linter does not hold."""

import ast
import re
from pathlib import Path

import pytest

from streams.vocabulary.errors import ErrorCode


ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in ("streams", "registry", "migrations")
    for path in (ROOT / package).rglob("*.py")
)
PURE = (
    "streams/vocabulary",
    "streams/clinical",
    "streams/pipeline",
    "registry/domain",
    "registry/usecases",
)
PURE_MODULES = [m for m in MODULES if str(m.relative_to(ROOT)).startswith(PURE)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.name == "__init__.py"], ids=named
)
def test_an_init_holds_a_docstring_and_nothing_else(module):
    body = ast.parse(module.read_text("utf-8")).body
    assert len(body) == 1
    assert ast.get_docstring(ast.Module(body, type_ignores=[]))


@pytest.mark.parametrize("module", PURE_MODULES, ids=named)
def test_a_pure_module_reads_no_clock_and_draws_nothing(module):
    forbidden = {"open", "print", "input", "now", "utcnow", "today", "time", "uuid4"}
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
    }
    assert not called & forbidden


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_no_import_hides_behind_type_checking_or_in_a_function(module):
    text = module.read_text("utf-8")
    assert "TYPE_CHECKING" not in text
    hidden = [
        inner.lineno
        for outer in ast.walk(ast.parse(text))
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.Import | ast.ImportFrom)
        and not re.search(r"# late:", text.splitlines()[inner.lineno - 1])
    ]
    assert not hidden


def test_every_folder_with_modules_is_a_package():
    bare = {
        named(m.parent) for m in MODULES if not (m.parent / "__init__.py").exists()
    } - {"migrations", "migrations/versions"}
    assert not bare


def test_every_error_code_is_one_of_a_kind_and_well_formed():
    codes = [code.value for code in ErrorCode]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"EMB-\d{3}", code) for code in codes)


def test_no_module_has_grown_past_what_one_head_holds():
    grown = {
        named(m): n
        for m in MODULES
        if "versions" not in m.parts  # a migration is a record, not a design
        if (n := len(m.read_text("utf-8").splitlines())) > 400
    }
    assert not grown


def test_nothing_names_a_machine_path_or_a_package_registry():
    told = re.compile(r"(pypi|pythonhosted|npmjs|maven)\.(org|com)|/(root|work|home)/")
    texts = [
        *MODULES,
        *(ROOT / "deploy").rglob("*.*"),
        *ROOT.glob(
            "[!.]*.*"
        ),  # what starts with a dot is a tool's, and written while tests run
        *(ROOT / ".ci").iterdir(),
        ROOT / ".gitignore",
        ROOT / "Makefile",
    ]
    named_there = [
        named(path)
        for path in texts
        if path.is_file() and told.search(path.read_text("utf-8", errors="ignore"))
    ]
    assert not named_there
