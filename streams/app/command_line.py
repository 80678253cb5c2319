"""The commands that streams contributes to `ember`, each loaded when it is called.

To load all of them takes a second or two of a core: too long for somebody who asks one
question at night, and for a worker that is to be back soon.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import FunctionType
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from streams.app.command_summary import summary


COMMANDS: Mapping[str, str] = {
    "detect": "streams.app.history.detection:detect",
    "table": "streams.app.history.tabulation:table",
    "concepts": "streams.app.concepts:concepts",
    "definitions": "streams.app.definitions:definitions",
    "simulate": "streams.app.simulate_commands:app",
    "kafka": "streams.app.kafka.commands:app",
    "keys": "streams.app.key_commands:app",
    "health": "streams.app.observe.commands:health",
    "worker": "streams.app.live.commands:worker",
    "fhir": "streams.app.fhir.commands:app",
    "subscribe": "streams.app.fhir.subscribe_command:subscribe",
    "feed": "streams.app.feed_commands:feed",
    "rejudge": "streams.app.feed_commands:rejudge",
    "compare": "streams.app.feed_commands:compare_versions",
}
"""By name: the module, and in it the function or the group of commands."""


PANELS: Mapping[str, tuple[str, ...]] = {
    "Running Ember": ("worker", "kafka", "health", "keys"),
    "What comes in": ("feed", "fhir", "subscribe"),
    "Definitions and history": (
        *("definitions", "concepts", "detect", "table", "simulate"),
        *("compare", "rejudge"),
    ),
}
"""By what they are for, the commands as `--help` lists them."""


def on_demand(
    commands: Mapping[str, str], panels: Mapping[str, tuple[str, ...]]
) -> type[TyperGroup]:
    """A group of these commands; `--help` lists them by panel and loads none."""
    return type("OnDemand", (_OnDemand,), {"places": commands, "panels": panels})


def loaded(name: str, place: str) -> Any:  # noqa: ANN401 - typer's own sort of command
    """The command of that name."""
    module, _, attribute = place.partition(":")
    found: typer.Typer | Callable[..., None]
    with _kept_to_the_end():
        found = getattr(import_module(module), attribute)
    if isinstance(found, FunctionType):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(found)
        found = alone
    command = typer.main.get_command(found)  # type: ignore[arg-type]  # it is one now
    command.name = name
    return command


@contextmanager
def _kept_to_the_end() -> Iterator[None]:
    """Nothing that is loaded is garbage: to look for it is a fifth of a start."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


class _OnDemand(TyperGroup):
    places: ClassVar[Mapping[str, str]] = {}
    panels: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        place = self.places.get(cmd_name)
        return None if place is None else loaded(cmd_name, place)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        listed: dict[str, Any] = {
            name: TyperCommand(
                name, help=summary(self.places[name]), rich_help_panel=panel
            )
            for panel, names in self.panels.items()
            for name in names
        }
        shown = TyperGroup(
            name=self.name, commands=listed, params=self.params, help=self.help
        )
        shown.format_help(ctx, formatter)
