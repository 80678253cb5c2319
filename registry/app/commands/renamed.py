"""Options that were called otherwise once: scripts that say so go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from typer.core import TyperCommand


class Renamed(TyperCommand):
    """A command that takes options by former names, too, which no help tells."""

    former: ClassVar[Mapping[str, str]] = {}
    """By the former name, the one that it has now."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's
        """As any command, once each option has the name of now."""
        return super().parse_args(ctx, [self._now(one) for one in args])

    def _now(self, word: str) -> str:
        name, equals, value = word.partition("=")
        return f"{self.former.get(name, name)}{equals}{value}"


class ActorWasBy(Renamed):
    """`--actor` was `--by`."""

    former: ClassVar = {"--by": "--actor"}


class ActorWasAs(Renamed):
    """`--actor` was `--as`."""

    former: ClassVar = {"--as": "--actor"}


class CapacityWasAs(Renamed):
    """`--capacity` was `--as`."""

    former: ClassVar = {"--as": "--capacity"}
