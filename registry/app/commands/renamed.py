"""Options that were called otherwise once: scripts that say so go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

from typer.core import TyperCommand, TyperOption


class Renamed(TyperCommand):
    """A command that takes options by former names, too, which no help tells."""

    former: ClassVar[Mapping[str, str]] = {}
    """By the former name, the one that it has now."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's
        """As any command, once each option has the name of now."""
        return super().parse_args(ctx, list(self._now(args)))

    def _now(self, words: Iterable[str]) -> Iterator[str]:
        """The words of the line; an option's value stays, and so does all after `--`."""
        values, left = self._values(), iter(words)
        for word in left:
            if word == "--":
                yield from (word, *left)
                return
            name, equals, value = word.partition("=")
            now = self.former.get(name, name)
            yield f"{now}{equals}{value}"
            if not equals:
                yield from islice(left, values.get(now, 0))

    def _values(self) -> dict[str, int]:
        """By the name of an option, how many of the words after it are its values."""
        return {
            name: one.nargs
            for one in self.params
            if isinstance(one, TyperOption) and not (one.is_flag or one.count)
            for name in one.opts
        }


class ActorWasBy(Renamed):
    """`--actor` was `--by`."""

    former: ClassVar = {"--by": "--actor"}


class ActorWasAs(Renamed):
    """`--actor` was `--as`."""

    former: ClassVar = {"--as": "--actor"}


class CapacityWasAs(Renamed):
    """`--capacity` was `--as`."""

    former: ClassVar = {"--as": "--capacity"}
