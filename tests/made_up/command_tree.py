"""Every command that `ember` has, found by walking it."""

import typer

from registry.app.cli import app


def commands():
    """Each command, as `ember` is told it: `("query", "flow")`, and its parameters."""
    yield from _below((), typer.main.get_command(app))


def _below(path, command):
    if not hasattr(command, "list_commands"):
        yield path, command.params
        return
    for name in command.list_commands(None):
        yield from _below((*path, name), command.get_command(None, name))


def options():
    """Each option of each command: `("query", "flow")`, `--at`, and what it is."""
    for path, params in commands():
        for one in params:
            if one.opts[0].startswith("--"):
                yield path, one.opts[0], one
