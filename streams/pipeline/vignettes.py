"""Made-up patients with the verdict a protocol must give them.

They are judged by the screen step itself, so that what a trial team signs is what the
worker does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from streams.clinical.criteria.verdict import joined_status
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


class Expected(Document):
    """The verdict, criterion by criterion where it matters."""

    status: ScreeningStatus | Literal["not_screened"]
    """`not_screened`: nothing happened that opens a screening."""
    criteria: dict[str, Truth] = Field(default_factory=dict)
    stratum: dict[str, str] = Field(default_factory=dict)
    window_open: bool = True
    with_answers: ScreeningStatus | None = None
    """The status once the answers are in."""
    platform: ScreeningStatus | None = None
    interventions: dict[str, ScreeningStatus] = Field(default_factory=dict)


class Enrolment(Document):
    """That the patient once took part in a trial."""

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
    """When the flag that the protocol waits for became known; without it, none is."""
    happened: float | None = None
    flag: FlagStatus = "provisional"
    like: tuple[str, ...] = ()
    """Groups of facts."""
    facts: tuple[dict[str, Any], ...] = ()
    enrolled: tuple[str | Enrolment, ...] = ()
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
    found = {"status": NOT_SCREENED} if said is None else _as_told(said, case)
    return [
        f"{case.name}: {what} is {found.get(what)}, not {expected}"
        for what, expected in _expected(case)
        if found.get(what) != expected
    ]


def verdict_of(
    protocol: Protocol, case: Vignette, vignettes: Vignettes
) -> TrialScreening | None:
    """The last revision the screen step writes for the patient, if any."""
    domain = protocol.domain(case.domain)
    if domain is None:
        return None
    state = _state(case, vignettes)
    if case.flag == "withdrawn":
        _raise_flag(state, domain, case, vignettes.now, status="provisional")
        _file(state, protocol, vignettes.now)
    _raise_flag(state, domain, case, vignettes.now, status=case.flag)
    _file(state, protocol, vignettes.now)
    of_domain = (s for s in state.screenings.values() if s.domain == domain.id)
    return next(of_domain, None)


def _file(state: PatientState, protocol: Protocol, now: datetime) -> None:
    step = screen(state, now, (protocol,), software_version="vignette")
    for message in step.messages:
        if isinstance(message, TrialScreening):
            state.screenings[message.screening_id] = message


def _expected(case: Vignette) -> Iterator[tuple[str, object]]:
    expect = case.expect
    yield "status", expect.status
    if expect.status != NOT_SCREENED:
        yield "window_open", expect.window_open
    yield from expect.criteria.items()
    yield from expect.stratum.items()
    for arm, status in expect.interventions.items():
        yield f"intervention {arm}", status
    if expect.platform is not None:
        yield "platform", expect.platform
    if expect.with_answers is not None:
        yield "with_answers", expect.with_answers


def _as_told(said: TrialScreening, case: Vignette) -> dict[str, object]:
    joined = joined_status(
        said.criteria, case.answers, stratum=said.stratum, window_open=said.window_open
    )
    return {
        "status": said.status,
        "window_open": said.window_open,
        "with_answers": joined,
        "platform": said.platform_status,
        **{f"intervention {i.intervention}": i.status for i in said.interventions},
        **{c.criterion_id: c.truth for c in said.criteria},
        **dict(said.stratum),
    }


def _state(case: Vignette, vignettes: Vignettes) -> PatientState:
    now = vignettes.now
    state = PatientState(_SITE, case.name)
    groups = (fact for group in case.like for fact in vignettes.groups[group])
    for number, fact in enumerate((*groups, *case.facts)):
        state.timeline.apply(_event(fact, number, now), f"vignette-{number}")
    for trial in case.enrolled:
        entry = _entry(trial, case, now)
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


def _raise_flag(
    state: PatientState,
    domain: Domain,
    case: Vignette,
    now: datetime,
    *,
    status: FlagStatus,
) -> None:
    """The flag the domain waits for, where the vignette says when it was known."""
    waited_for = next(onsets(domain.recruitment.entry), None)
    if waited_for is None or case.known is None:
        return
    flag = _flag(waited_for, case, now, status=status)
    state.flags = {flag.flag_id: flag}


def _flag(
    entry: OnsetEntry, case: Vignette, now: datetime, *, status: FlagStatus
) -> SepsisOnset:
    known = case.known or 0.0
    happened = known if case.happened is None else case.happened
    return SepsisOnset(
        message_id=f"flag-{case.name}",
        site=_SITE,
        patient=case.name,
        happened_at=now + timedelta(hours=happened),
        known_at=now + timedelta(hours=known),
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
_SITE, _EPISODE = "vignette", "stay"
_HOURS = ("at", "known")
_CLINICAL: TypeAdapter[Clinical] = TypeAdapter(Clinical)
