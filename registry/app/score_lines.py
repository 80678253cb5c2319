"""Answers of rules in lines a tired doctor can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from registry.app.scoring import Scored
from registry.app.wording import moment
from streams.clinical.catalogue.answer import Cell, Episode, Feature
from streams.vocabulary.messages import Component


_MANY = 6
"""Events told of one component or feature; the rest are counted."""

_NAME = 16
"""Characters that the name of a component has at least."""


def lines(told: Iterable[Scored]) -> Iterator[str]:
    """All answers, rule by rule."""
    for number, one in enumerate(told):
        if number == 0:
            yield _opening(one)
        yield ""
        yield from _scored(one)


def _opening(one: Scored) -> str:
    known = f", as known at {moment(one.as_known_at)}" if one.as_known_at else ""
    return f"{one.patient} at {moment(one.answer.at)}{known} (times in UTC)"


def _scored(one: Scored) -> Iterator[str]:
    answer = one.answer
    words = {event.event_id: event.what for event in one.events}
    yield (
        f"{answer.rule} (version {one.version}, policy {answer.policy}, "
        f"evidence {one.evidence_grade}): {_verdict(one)}"
    )
    if answer.status is not None and not answer.episodes:
        yield f"  {answer.status}{_final(answer.final_at)}"
    yield from _components(answer.components, words)
    for feature in answer.features:
        yield _feature(feature, words)
    for episode in answer.episodes:
        yield from _episode(episode, one.columns, words)
    if answer.missing:
        yield f"  missing: {', '.join(answer.missing)}"
    for why in answer.said:
        yield f"  {why}"
    shown = answer.components or answer.features or answer.episodes
    if answer.evidence and not shown:
        yield f"  by {_events(answer.evidence, words)}"


def _verdict(one: Scored) -> str:
    answer = one.answer
    parts = []
    if answer.truth is not None:
        parts.append(answer.truth.value)
    if answer.label is not None:
        parts.append(answer.label)
    if answer.lower is not None or answer.upper is not None:
        parts.append(_total(one))
    return ", ".join(parts) or ("see below" if answer.features else "unknown")


def _total(one: Scored) -> str:
    answer = one.answer
    total = "unknown" if answer.total is None else _number(answer.total)
    unit = f" {answer.unit}" if answer.unit not in (None, "1") else ""
    if answer.total is not None and answer.lower == answer.upper == answer.total:
        return f"{total}{unit}"
    least = "-" if answer.lower is None else _number(answer.lower)
    most = "no bound" if answer.upper is None else _number(answer.upper)
    return f"{total}{unit} (with what is missing {least} to {most})"


def _components(parts: Sequence[Component], words: Mapping[str, str]) -> Iterator[str]:
    """One line each, in columns as wide as the longest name asks for."""
    width = max([_NAME, *(len(part.name) for part in parts)])
    for part in parts:
        yield _component(part, words, width)


def _component(part: Component, words: Mapping[str, str], width: int) -> str:
    points = "unknown" if part.points is None else str(part.points)
    bounds = "" if part.lower == part.upper else f"{part.lower}-{part.upper}"
    events = _events(part.evidence, words)
    return f"  {part.name:<{width}} {points:<8} {bounds:<6} {events}".rstrip()


def _feature(one: Feature, words: Mapping[str, str]) -> str:
    value = _cell(one.value)
    if one.value is None:
        value = "unknown"
        if one.low is not None or one.high is not None:
            least = "-" if one.low is None else _number(one.low)
            most = "no bound" if one.high is None else _number(one.high)
            value = f"{least} to {most}"
    unit = f" {one.unit}" if one.unit and value != "unknown" else ""
    events = _events(one.evidence, words)
    return f"  {one.name:<24} {value + unit:<16} {events}".rstrip()


def _episode(
    one: Episode, columns: tuple[str, ...], words: Mapping[str, str]
) -> Iterator[str]:
    stays = f"hospital stay {one.encounter or '-'}"
    stays += f", ICU stay {one.stay}" if one.stay else ""
    yield f"  {one.met.value}: onset {_cell(one.onset) or '-'}, {stays}"
    yield f"    {one.status}{_final(one.final_at)}"
    for name, value in zip(columns, one.values, strict=True):
        if value not in (None, ""):
            yield f"    {name:<22} {_cell(value)}"
    for line in _components(one.components, words):
        yield f"  {line}"
    if one.evidence and not one.components:
        yield f"    by {_events(one.evidence, words)}"
    if one.missing:
        yield f"    missing: {', '.join(one.missing)}"


def _final(at: datetime | None) -> str:
    return f", final at {moment(at)}" if at is not None else ""


def _events(ids: tuple[str, ...], words: Mapping[str, str]) -> str:
    told = "; ".join(words[name] for name in ids[:_MANY] if name in words)
    more = len(ids) - _MANY
    return f"{told}; and {more} more" if more > 0 else told


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case float():
            return _number(value)
    return str(value)


def _number(value: float) -> str:
    return f"{value:.4g}"
