"""Made-up patients with the verdict a protocol must give them.

They are judged by the screen step itself, so that what a trial team signs is what the
worker does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from streams.clinical.criteria.loading import ANCHORING
from streams.clinical.criteria.verdict import joined_statuses
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.clock import HOUR, Instant
from streams.vocabulary.document import Document
from streams.vocabulary.entry import OnsetEntry, onsets
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
from streams.vocabulary.protocol_text import read_yaml


class Expected(Document):
    """The verdict, criterion by criterion where it matters."""

    status: ScreeningStatus | Literal["not_screened"]
    """`not_screened`: nothing happened that opens a screening."""
    criteria: dict[str, Truth] = Field(default_factory=dict)
    stratum: dict[str, str] = Field(default_factory=dict)
    window_open: bool = True
    platform: ScreeningStatus | None = None
    interventions: dict[str, ScreeningStatus] = Field(default_factory=dict)
    with_answers: ScreeningStatus | None = None
    """The status once the answers are in."""


class Flagged(Document):
    """A flag by another definition."""

    definition: str
    policy: str
    known: float
    happened: float
    status: FlagStatus = "provisional"


class Enrolment(Document):
    """That the patient took part in a trial in an earlier stay."""

    trial: str
    domain: str | None = None
    """The domain of the vignette, unless named."""
    days_ago: float = 100


class Vignette(Document):
    """One patient; hours count from now, so what has happened is negative.

    A fact was known at once, unless it names `known` as it names `at`.
    """

    name: str
    story: str
    domain: str
    known: float | None = None
    """When the flag became known; without it there is none."""
    happened: float | None = None
    """When the onset was."""
    flag: FlagStatus = "provisional"
    """Of the definition that the entry waits for; else of Sepsis-3."""
    flags: tuple[Flagged, ...] = ()
    """Further ones."""
    like: tuple[str, ...] = ()
    """Groups of facts."""
    facts: tuple[dict[str, Any], ...] = ()
    enrolled: tuple[str | Enrolment, ...] = ()
    refused: tuple[str, ...] = ()
    """Trials that were declined in an earlier stay; an empty name is all research."""
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
        return Vignettes.model_validate(read_yaml(text))
    except ProtocolError as fault:
        raise ProtocolError(
            fault.code, f"The vignettes cannot be read. {fault.problem}", fault.cure
        ) from None
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ProtocolError(
            ErrorCode.PROTOCOL_INVALID,
            f"The vignettes are at fault at {place or 'their beginning'}: "
            f"{first['msg'].rstrip('.')}.",
            "Compare them with those of a protocol that ships.",
        ) from None


def differences(protocol: Protocol, case: Vignette, vignettes: Vignettes) -> list[str]:
    """What the protocol says otherwise than expected; empty where all is well."""
    if protocol.domain(case.domain) is None:
        return [f"{case.name}: the protocol has no domain {case.domain}"]
    said = verdict_of(protocol, case, vignettes)
    found = _as_told(said, case) if said else {"status": NOT_SCREENED}
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
        state.flags = _flags(domain, case, vignettes.now, status="provisional")
        _file(state, protocol, vignettes.now)
        state.flags = _flags(domain, case, vignettes.now)
    return _file(state, protocol, vignettes.now, domain.id)


def _file(
    state: PatientState, protocol: Protocol, now: datetime, domain: str | None = None
) -> TrialScreening | None:
    """What stands for that domain, and this hospital stay, once all is filed."""
    step = screen(state, now, plan((protocol,), _ZONE), software_version="vignette")
    for message in step.messages:
        if isinstance(message, TrialScreening):
            state.screenings[message.screening_id] = message
    said = state.screenings.values()
    return next((s for s in said if (s.domain, s.episode) == (domain, _EPISODE)), None)


def _expected(case: Vignette) -> Iterator[tuple[str, object]]:
    yield "status", case.expect.status
    if case.expect.status != NOT_SCREENED:
        yield "window_open", case.expect.window_open
    yield from case.expect.criteria.items()
    yield from case.expect.stratum.items()
    yield from case.expect.interventions.items()
    if case.expect.platform is not None:
        yield "platform", case.expect.platform
    if case.expect.with_answers is not None:
        yield "with_answers", case.expect.with_answers


def _as_told(said: TrialScreening, case: Vignette) -> dict[str, object]:
    return {
        "status": said.status,
        "window_open": said.window_open,
        "platform": said.platform_status,
        "with_answers": joined_statuses(said, case.answers).domain,
        **{one.intervention: one.status for one in said.interventions},
        **{c.criterion_id: c.truth for c in said.criteria},
        **dict(said.stratum),
    }


def _state(domain: Domain, case: Vignette, vignettes: Vignettes) -> PatientState:
    now = vignettes.now
    flags = _flags(domain, case, now)
    state = PatientState(_SITE, case.name, flags=flags)
    groups = (fact for group in case.like for fact in vignettes.groups[group])
    for number, fact in enumerate((*groups, *case.facts)):
        state.timeline.apply(_event(fact, number, now), f"vignette-{number}")
    for trial in case.refused:
        declined = replace(_entry(trial, case, now), domain="", refusal="refused")
        state.roster[f"declined-{trial}"] = declined
    for once in case.enrolled:
        entry = _entry(once, case, now)
        state.roster[entry.message_id] = entry
    return state


def _event(fact: dict[str, Any], number: int, now: datetime) -> Clinical:
    """A canonical event; `at` is its hour, `known` the hour at which it was known."""
    moment = now + float(fact["at"]) * HOUR
    known = now + float(fact.get("known", fact["at"])) * HOUR
    rest = {name: value for name, value in fact.items() if name not in _HOURS}
    return _CLINICAL.validate_python(
        {
            "event_id": f"fact-{number}",
            "encounter": _EPISODE,
            "happened_at": moment,
            "known_at": known,
            **rest,
        }
    )


def _flags(
    domain: Domain, case: Vignette, now: datetime, *, status: FlagStatus | None = None
) -> dict[str, SepsisOnset]:
    """Those of the case; the first with another status, if one is given."""
    told = list(case.flags)
    if case.known is not None and case.happened is not None:
        awaited = next(onsets(domain.recruitment.entry), _SEPSIS3)
        first = Flagged(
            definition=awaited.definition,
            policy=awaited.policy,
            known=case.known,
            happened=case.happened,
            status=status or case.flag,
        )
        told.insert(0, first)
    flags = (_flag(one, number, case, now) for number, one in enumerate(told))
    return {flag.flag_id: flag for flag in flags}


def _flag(told: Flagged, number: int, case: Vignette, now: datetime) -> SepsisOnset:
    return SepsisOnset(
        message_id=f"flag-{case.name}-{number}",
        site=_SITE,
        patient=case.name,
        happened_at=now + timedelta(hours=told.happened),
        known_at=now + timedelta(hours=told.known),
        source="vignette",
        provenance="simulated",
        flag_id=f"flag-{number}",
        revision=0,
        status=told.status,
        definition=told.definition,
        definition_version="1.0",
        policy=told.policy,
        episode=_EPISODE,
        evidence=("onset",),
    )


def _entry(once: str | Enrolment, case: Vignette, now: datetime) -> RosterEntry:
    """An enrolment of an earlier stay."""
    if isinstance(once, str):
        once = Enrolment(trial=once)
    enrolled_at = now - timedelta(days=once.days_ago)
    return RosterEntry(
        message_id=f"roster-{once.trial}",
        site=_SITE,
        patient=case.name,
        happened_at=enrolled_at,
        known_at=enrolled_at,
        source="vignette",
        provenance="simulated",
        trial=once.trial,
        domain=once.domain or case.domain,
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


NOT_SCREENED = "not_screened"
"""What a vignette expects of a patient for whom no screening is opened."""

_HOURS = ("at", "known")
_SITE, _EPISODE, _ZONE = "vignette", "stay", "UTC"
_SEPSIS3 = OnsetEntry(kind="onset", definition=ANCHORING, policy="ember")
_CLINICAL: TypeAdapter[Clinical] = TypeAdapter(Clinical)
