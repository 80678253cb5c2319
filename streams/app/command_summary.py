"""What a command is for, read from where it is written and not loaded.

A list of all commands is asked for in a hurry; to load each for one sentence of it
takes seconds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def summary(place: str) -> str:
    """The help of `module:name`: a function's docstring, or a group's `help`.

    Raises `LookupError` where the module holds no such thing in so many words.
    """
    module, _, name = place.partition(":")
    for node in _tree(module).body:
        told = _told(node, name)
        if told is not None:
            return told
        source = _from_where(node, name)
        if source is not None:
            return summary(source)
    raise LookupError(place)


def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(module)
    return ast.parse(Path(spec.origin).read_text("utf-8"))


def _told(node: ast.stmt, name: str) -> str | None:
    match node:
        case ast.FunctionDef(name=found) if found == name:
            return ast.get_docstring(node)
        case ast.Assign(targets=[ast.Name(id=found)], value=ast.Call() as call) if (
            found == name
        ):
            return next(_helps(call), None)
    return None


def _helps(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg="help", value=ast.Constant(value=str(told))):
                yield told


def _from_where(node: ast.stmt, name: str) -> str | None:
    """Where a name comes from that the module has only imported."""
    if not isinstance(node, ast.ImportFrom):
        return None
    for alias in node.names:
        if (alias.asname or alias.name) == name:
            return f"{node.module}:{alias.name}"
    return None
