"""Made-up patients with the verdict a protocol must give them.

They are judged by the screen step itself, so that what a trial team signs is what the
worker does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from streams.clinical.criteria.verdict import joined_status
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.clock import HOUR, Instant
from streams.vocabulary.document import Document
from streams.vocabulary.entry import onsets
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.events import Clinical
from streams.vocabulary.messages import (
    FlagStatus,
    RosterEntry,
    ScreeningStatus,
    SepsisOnset,
    TrialScreening,
    Truth,
)
from streams.vocabulary.protocol import Domain, Protocol


class Expected(Document):
    """The verdict, criterion by criterion where it matters."""

    status: ScreeningStatus
    criteria: dict[str, Truth] = Field(default_factory=dict)
    stratum: dict[str, str] = Field(default_factory=dict)
    window_open: bool = True
    with_answers: ScreeningStatus | None = None
    """The status once the answers are in."""


class Vignette(Document):
    """One patient; hours count from now, so what has happened is negative."""

    name: str
    story: str
    domain: str
    known: float
    """When the onset became known."""
    happened: float
    flag: FlagStatus = "provisional"
    like: tuple[str, ...] = ()
    """Groups of facts."""
    facts: tuple[dict[str, Any], ...] = ()
    enrolled: tuple[str, ...] = ()
    answers: dict[str, bool] = Field(default_factory=dict)
    expect: Expected


class Vignettes(Document):
    """The patients of one protocol."""

    protocol: str
    now: Instant
    groups: dict[str, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
    vignettes: tuple[Vignette, ...]


def parse_vignettes(text: str) -> Vignettes:
    """The vignettes in `text`; raises `ProtocolError` EMB-201 or EMB-202."""
    try:
        return Vignettes.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as fault:
        raise ProtocolError(
            ErrorCode.PROTOCOL_UNREADABLE, f"The vignettes are no YAML: {fault}."
        ) from None
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ProtocolError(
            ErrorCode.PROTOCOL_INVALID, f"At {place}: {first['msg']}."
        ) from None


def differences(protocol: Protocol, case: Vignette, vignettes: Vignettes) -> list[str]:
    """What the protocol says otherwise than expected; empty where all is well."""
    said = verdict_of(protocol, case, vignettes)
    if said is None:
        return [f"{case.name}: nothing was said"]
    found = _as_told(said, case)
    return [
        f"{case.name}: {what} is {found.get(what)}, not {expected}"
        for what, expected in _expected(case)
        if found.get(what) != expected
    ]


def verdict_of(
    protocol: Protocol, case: Vignette, vignettes: Vignettes
) -> TrialScreening | None:
    """The first revision the screen step writes for the patient, if any."""
    domain = protocol.domain(case.domain)
    if domain is None:
        return None
    state = _state(domain, case, vignettes)
    if case.flag == "withdrawn":
        standing = _flag(domain, case, vignettes.now, status="provisional")
        state.flags = {standing.flag_id: standing}
        _file(state, protocol, vignettes.now)
        withdrawn = _flag(domain, case, vignettes.now, status="withdrawn")
        state.flags = {withdrawn.flag_id: withdrawn}
    return _file(state, protocol, vignettes.now)


def _file(
    state: PatientState, protocol: Protocol, now: datetime
) -> TrialScreening | None:
    step = screen(state, now, (protocol,), software_version="vignette")
    for message in step.messages:
        if isinstance(message, TrialScreening):
            state.screenings[message.screening_id] = message
    return next(iter(state.screenings.values()), None)


def _expected(case: Vignette) -> Iterator[tuple[str, object]]:
    yield "status", case.expect.status
    yield "window_open", case.expect.window_open
    yield from case.expect.criteria.items()
    yield from case.expect.stratum.items()
    if case.expect.with_answers is not None:
        yield "with_answers", case.expect.with_answers


def _as_told(said: TrialScreening, case: Vignette) -> dict[str, object]:
    joined = joined_status(
        said.criteria, case.answers, stratum=said.stratum, window_open=said.window_open
    )
    return {
        "status": said.status,
        "window_open": said.window_open,
        "with_answers": joined,
        **{c.criterion_id: c.truth for c in said.criteria},
        **dict(said.stratum),
    }


def _state(domain: Domain, case: Vignette, vignettes: Vignettes) -> PatientState:
    now = vignettes.now
    flag = _flag(domain, case, now, status=case.flag)
    state = PatientState(_SITE, case.name, flags={flag.flag_id: flag})
    groups = (fact for group in case.like for fact in vignettes.groups[group])
    for number, fact in enumerate((*groups, *case.facts)):
        state.timeline.apply(_event(fact, number, now), f"vignette-{number}")
    for trial in case.enrolled:
        entry = _entry(trial, case, now)
        state.roster[entry.message_id] = entry
    return state


def _event(fact: dict[str, Any], number: int, now: datetime) -> Clinical:
    """A canonical event; `at` is its hour, and it was known at once."""
    moment = now + float(fact["at"]) * HOUR
    rest = {name: value for name, value in fact.items() if name != "at"}
    return _CLINICAL.validate_python(
        {
            "event_id": f"fact-{number}",
            "encounter": _EPISODE,
            "happened_at": moment,
            "known_at": moment,
            **rest,
        }
    )


def _flag(
    domain: Domain, case: Vignette, now: datetime, *, status: FlagStatus
) -> SepsisOnset:
    entry = next(onsets(domain.recruitment.entry))
    return SepsisOnset(
        message_id=f"flag-{case.name}",
        site=_SITE,
        patient=case.name,
        happened_at=now + timedelta(hours=case.happened),
        known_at=now + timedelta(hours=case.known),
        source="vignette",
        provenance="simulated",
        flag_id="flag",
        revision=0,
        status=status,
        definition=entry.definition,
        definition_version="1.0",
        policy=entry.policy,
        episode=_EPISODE,
        evidence=("onset",),
    )


def _entry(trial: str, case: Vignette, now: datetime) -> RosterEntry:
    """An enrolment of an earlier stay."""
    return RosterEntry(
        message_id=f"roster-{trial}",
        site=_SITE,
        patient=case.name,
        happened_at=now - timedelta(days=100),
        known_at=now - timedelta(days=100),
        source="vignette",
        provenance="simulated",
        trial=trial,
        domain=case.domain,
        episode="an earlier stay",
        participant="somebody",
    )


def all_differences(protocol: Protocol, vignettes: Vignettes) -> Sequence[str]:
    """The differences of all patients."""
    return [
        difference
        for case in vignettes.vignettes
        for difference in differences(protocol, case, vignettes)
    ]


_SITE, _EPISODE = "vignette", "stay"
_CLINICAL: TypeAdapter[Clinical] = TypeAdapter(Clinical)
