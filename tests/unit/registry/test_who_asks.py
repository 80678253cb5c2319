"""Every command that opens a registry asks who asks, or is named here with the reason."""

import inspect
import re
import sys
from importlib import import_module

import pytest
import typer

from registry.app.cli import REGISTRY_COMMANDS


OPERATORS = "of who runs the registry, by an account of the database"
BOOKLESS = "opens no registry"
UNASKED = {
    "demo": "makes a registry of made-up patients",
    "replay": OPERATORS,
    "listen": OPERATORS,
    "consume": OPERATORS,
    "relay": OPERATORS,
    "signer": OPERATORS,
    "migrate": OPERATORS,
    "schemas": "opens no registry",
    "intake": OPERATORS,
    "mode": OPERATORS,
    "alerts send": OPERATORS,
    "identity rotate": OPERATORS,
    "identity known": OPERATORS,
    "identity merges": OPERATORS,
    "audit anchor": OPERATORS,
    "signature enrol": "opens no registry",
    "role grant": "the act itself asks whether the actor is a site admin there",
    "role revoke": "the act itself asks whether the actor is a site admin there",
    "randomisation verify": "of who has the key",
    "unblind": "who answers for the arms asks who it is, and the delegation log",
    "misrandomisation kinds": "opens no registry",
    "envelope make": "of the signer's user, whose account alone reads arms",
    "envelope open": BOOKLESS,
    "protocol lint": BOOKLESS,
    "protocol vignettes": BOOKLESS,
    "protocol explain": BOOKLESS,
    "protocol backtest": BOOKLESS,
    "protocol export": BOOKLESS,
    "protocol draft": BOOKLESS,
    "delegation add": "of the principal investigator, as the log itself tells",
    "delegation end": "of the principal investigator, as the log itself tells",
    "delegation sign": "the delegation log says who may sign",
}
"""By command or group; a group that is named stands for all of it."""


def commands():
    """Name and function of every command there is."""
    for name, place in REGISTRY_COMMANDS.items():
        module, _, attribute = place.partition(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            yield name, found
            continue
        yield from _within(name, found)


def _within(group, app):
    for one in app.registered_commands:
        called = one.name or one.callback.__name__.replace("_", "-").rstrip("-")
        yield f"{group} {called}", one.callback
    for inner in app.registered_groups:
        yield from _within(f"{group} {inner.name}", inner.typer_instance)


COMMANDS = dict(commands())


def asks(function, seen=frozenset()):
    """Whether it, or a helper beside it, opens the registry as somebody."""
    source = inspect.getsource(function)
    module = sys.modules[function.__module__]
    helpers = {
        getattr(module, name, None) for name in re.findall(r"\b(_[a-z_]+)\(", source)
    }
    return (
        "opened_as(" in source
        or "expect_allowed(" in source
        or any(
            asks(one, {*seen, one})
            for one in helpers - seen
            if inspect.isfunction(one) and one.__module__ == function.__module__
        )
    )


def excused(name):
    return name in UNASKED or name.partition(" ")[0] in UNASKED


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_asks_who_asks_or_says_why_not(name):
    assert asks(COMMANDS[name]) != excused(name)


def test_whoever_is_excused_is_a_command():
    groups = {name.partition(" ")[0] for name in COMMANDS}
    assert set(UNASKED) <= set(COMMANDS) | groups
