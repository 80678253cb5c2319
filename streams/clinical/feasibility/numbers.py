"""The numbers of a protocol, each with its place, and the protocol with one moved.

Every comparison and every length of time is found by its type, so a new kind of rule
is moved without a word here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from streams.vocabulary.clock import HOUR
from streams.vocabulary.document import Document
from streams.vocabulary.protocol import Criterion, Protocol
from streams.vocabulary.quantities import Comparison, write_duration


Step = str | int
Place = tuple[Step, ...]

STEPS = (-20.0, -10.0, 10.0, 20.0)
"""In percent."""

_WHOLE_STEPS = (-2, -1, 1, 2)
"""For what is counted (points, doses): a fifth of a point changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One number as the protocol has it."""

    place: Place
    """In the document as JSON."""
    value: Comparison | timedelta
    what: str

    def __str__(self) -> str:
        """As it is written."""
        return _text(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One number, moved."""

    number: Written
    step: str
    value: Comparison | timedelta

    def __str__(self) -> str:
        """As it would be written."""
        return _text(self.value)


def numbers(part: Document, within: Place = ()) -> Iterator[Written]:
    """Every comparison and length of time that is written in this part.

    What a default says is left alone: the team did not choose it.
    """
    for name, field in type(part).model_fields.items():
        if name in part.model_fields_set:
            place = (*within, field.alias or name)
            yield from _numbers(getattr(part, name), place, part)


def shifts(number: Written, steps: Sequence[float]) -> tuple[Shift, ...]:
    """The number moved by each step; none where no step moves it (0 times anything)."""
    value = number.value
    if isinstance(value, timedelta):
        return tuple(
            Shift(number=number, step=_percent(step), value=_part(value, step))
            for step in steps
            if value
        )
    if value.value == 0:
        return ()
    if value.unit.startswith("{"):
        return tuple(
            Shift(
                number=number,
                step=f"{step:+d}",
                value=replace(value, value=value.value + step),
            )
            for step in _WHOLE_STEPS
            if value.value + step > 0
        )
    return tuple(
        Shift(number=number, step=_percent(step), value=_scaled(value, step))
        for step in steps
    )


def with_shift(protocol: Protocol, shift: Shift, *, name: str) -> Protocol:
    """The protocol under another name, with that number moved."""
    tree = protocol.model_dump(mode="json")
    tree["id"] = name
    _put(tree, shift.number.place, str(shift))
    return Protocol.model_validate(tree)


def shifted(criterion: Criterion, shift: Shift, *, name: str) -> Criterion:
    """The criterion under another name, with a number of its own moved."""
    tree = deepcopy(criterion.model_dump(mode="json"))
    tree["id"] = name
    _put(tree, shift.number.place, str(shift))
    return Criterion.model_validate(tree)


def spelled(place: Place) -> str:
    """`rule.of[1].is`."""
    told = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in place)
    return told.removeprefix(".")


def _numbers(value: object, place: Place, owner: Document) -> Iterator[Written]:
    if isinstance(value, Comparison | timedelta):
        yield Written(place=place, value=value, what=_what(owner, place[-1]))
    elif isinstance(value, Document):
        yield from numbers(value, place)
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _numbers(one, (*place, index), owner)


def _what(owner: BaseModel, name: Step) -> str:
    """What the number is about: the concept, the drugs or the kind, and the field."""
    told = owner.model_dump(mode="json")
    for key in ("concept", "score", "marker", "drugs", "named", "any_of", "kind"):
        named = told.get(key)
        if named:
            about = named if isinstance(named, str) else ", ".join(map(str, named))
            return about if name == "is" else f"{about}, {name}"
    return str(name)


def _scaled(value: Comparison, step: float) -> Comparison:
    return replace(value, value=float(f"{value.value * (1 + step / 100):.6g}"))


def _part(value: timedelta, step: float) -> timedelta:
    """To the second; an offset keeps its direction."""
    return timedelta(seconds=round(value.total_seconds() * (1 + step / 100)))


def _percent(step: float) -> str:
    return f"{step:+g} %"


def _text(value: Comparison | timedelta) -> str:
    """As a protocol would have it; of an hour or more in hours, `9.6 h`."""
    if isinstance(value, Comparison):
        return str(value)
    return f"{value / HOUR:g} h" if abs(value) >= HOUR else write_duration(value)


def _put(tree: Any, place: Place, value: str) -> None:  # noqa: ANN401 - a JSON tree
    for step in place[:-1]:
        tree = tree[step]
    tree[place[-1]] = value
