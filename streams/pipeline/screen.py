"""Screen: from flags and facts to revisions of eligibility verdicts.

A screening is named by site, patient, trial, domain and hospital stay.
A revision is written only when something a coordinator would act on has changed: the
status, the truth of a criterion, the stratum, the window, the anchor or the protocol;
or when the last one has run out, because the gate trusts no verdict past its time.
Enrolment freezes the last revision, and a closed window ends the screening, unless
its flag is withdrawn or its anchor moves.
Only flags of the anchoring definition are seen here: what a site flags beside it never
opens a window, and never turns a criterion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from streams.clinical.criteria.judgement import INSTANT, PatientView, soonest
from streams.clinical.criteria.verdict import Verdict, judge_domain
from streams.clinical.timeline import Timeline
from streams.pipeline.state import PatientState, Step, earliest
from streams.vocabulary.clock import iso
from streams.vocabulary.entry import OnsetEntry
from streams.vocabulary.events import Demographics
from streams.vocabulary.ids import revision_identity, screening_identity
from streams.vocabulary.messages import SepsisOnset, TrialScreening
from streams.vocabulary.protocol import Domain, Protocol


KNOWN_AT = "onset_known_at"
"""The covariate that keeps the moment of knowledge while the flag is revised."""


def screen(
    state: PatientState,
    now: datetime,
    protocols: Sequence[Protocol],
    *,
    software_version: str,
) -> Step:
    """The verdicts that changed by what is known at `now`; files none."""
    steps = [
        _screened(case, software_version) for case in _cases(state, now, protocols)
    ]
    return Step(
        messages=tuple(message for step in steps for message in step.messages),
        due=earliest(*(step.due for step in steps)),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """One flag of one patient before one domain, at one moment."""

    state: PatientState
    protocol: Protocol
    domain: Domain
    flag: SepsisOnset
    now: datetime
    screening_id: str

    @property
    def held(self) -> TrialScreening | None:
        """What was last said."""
        return self.state.screenings.get(self.screening_id)

    @property
    def withdrawn(self) -> bool:
        """Whether the flag no longer stands."""
        return self.flag.status == "withdrawn"

    @property
    def known_at(self) -> datetime:
        """When the standing flag became known; its revisions do not move it.

        A flag that was withdrawn and stands again is known anew.
        """
        held = self.held
        if held is None or (not self.withdrawn and _said_withdrawn(held)):
            return self.flag.known_at
        kept = dict(held.covariates).get(KNOWN_AT)
        return self.flag.known_at if kept is None else datetime.fromisoformat(kept)

    @property
    def anchor_at(self) -> datetime:
        """The anchor by the clock the protocol names."""
        by_knowledge = self.domain.recruitment.anchor.endswith(".known_at")
        return self.known_at if by_knowledge else self.flag.happened_at

    @property
    def deadline(self) -> datetime:
        """The last moment at which the window is open."""
        return self.anchor_at + self.domain.recruitment.window


def _cases(
    state: PatientState, now: datetime, protocols: Sequence[Protocol]
) -> Iterator[Case]:
    """Every anchoring flag before every open domain it is not yet enrolled in."""
    flags = state.anchors
    for protocol in protocols if flags else ():
        for domain in protocol.open_domains():
            entry = domain.recruitment.entry
            if not isinstance(entry, OnsetEntry):
                continue
            wanted = (entry.definition, entry.policy)
            for flag in flags:
                anchors = (flag.definition, flag.policy) == wanted
                if anchors and not _enrolled(state, protocol, domain, flag):
                    name = _screening_id(state, protocol, domain, flag)
                    yield Case(state, protocol, domain, flag, now, name)


def _screened(case: Case, software_version: str) -> Step:
    if _settled(case):
        return Step()
    window_open = case.now <= case.deadline
    verdict = judge_domain(case.domain, _view(case), case.now, window_open=window_open)
    due = None
    if window_open and not case.withdrawn:
        due = soonest(case.now, verdict.changes_at, case.deadline + INSTANT)
    said = _message(case, verdict, due, software_version)
    held = case.held
    if held is None or _material(held) != _material(said) or _ran_out(held, case.now):
        return Step(messages=(said,), due=due)
    return Step(due=soonest(case.now, due, held.valid_until))


def _settled(case: Case) -> bool:
    """Whether nothing that may still happen to the record is of any account."""
    held = case.held
    if held is None:
        return case.withdrawn
    if case.withdrawn:
        return _said_withdrawn(held)
    closed = not held.window_open and case.now > case.deadline
    return closed and held.anchor_at == case.anchor_at and not _said_withdrawn(held)


def _ran_out(held: TrialScreening, now: datetime) -> bool:
    """Whether time may have changed it: the gate trusts it no more, so say it anew."""
    return held.valid_until is not None and held.valid_until <= now


def _said_withdrawn(held: TrialScreening) -> bool:
    return dict(held.covariates).get("onset") == "withdrawn"


def _view(case: Case) -> PatientView:
    return PatientView(
        timeline=case.state.timeline,
        episode=case.flag.episode,
        onset=case.flag,
        anchors={
            "onset.known_at": case.known_at,
            "onset.happened_at": case.flag.happened_at,
        },
        flags=case.state.anchors,
        roster=case.state.taking_part,
    )


def _message(
    case: Case, verdict: Verdict, due: datetime | None, software_version: str
) -> TrialScreening:
    held = case.held
    revision = 0 if held is None else held.revision + 1
    return TrialScreening(
        message_id=revision_identity(case.screening_id, revision),
        site=case.state.site,
        patient=case.state.patient,
        happened_at=case.anchor_at,
        known_at=case.now,
        source="screen",
        provenance=case.state.provenance,
        screening_id=case.screening_id,
        revision=revision,
        status=verdict.status,
        trial=case.protocol.id,
        domain=case.domain.id,
        episode=case.flag.episode,
        protocol_version=case.protocol.version,
        protocol_hash=case.protocol.digest,
        software_version=software_version,
        definition_version=case.flag.definition_version,
        flag_id=case.flag.flag_id,
        anchor=case.domain.recruitment.anchor,
        anchor_at=case.anchor_at,
        deadline=case.deadline,
        valid_until=due,
        window_open=verdict.window_open,
        stratum=verdict.stratum,
        covariates=_covariates(case),
        criteria=verdict.criteria,
    )


def _material(said: TrialScreening) -> tuple[object, ...]:
    """What makes a revision worth writing."""
    return (
        said.status,
        tuple((c.criterion_id, c.truth) for c in said.criteria),
        said.stratum,
        said.window_open,
        said.anchor_at,
        said.flag_id,
        said.protocol_hash,
    )


def _covariates(case: Case) -> tuple[tuple[str, str], ...]:
    """The baseline that is frozen with the last revision before an enrolment."""
    score = case.flag.score
    known = {
        KNOWN_AT: iso(case.known_at),
        "onset": "withdrawn" if case.withdrawn else "stands",
        "sofa": None if score is None else str(score),
        **_person(case.state.timeline, case.now),
    }
    return tuple((name, level) for name, level in known.items() if level is not None)


def _person(timeline: Timeline, now: datetime) -> dict[str, str | None]:
    said = timeline.all(Demographics, "demographics")
    years = [d.birth_year for d in said if d.birth_year and d.happened_at <= now]
    sexes = [d.sex for d in said if d.sex and d.happened_at <= now]
    return {
        "age": str(now.year - years[-1]) if years else None,
        "sex": sexes[-1] if sexes else None,
    }


def _enrolled(
    state: PatientState, protocol: Protocol, domain: Domain, flag: SepsisOnset
) -> bool:
    wanted = (protocol.id, domain.id, flag.episode)
    return any((e.trial, e.domain, e.episode) == wanted for e in state.taking_part)


def _screening_id(
    state: PatientState, protocol: Protocol, domain: Domain, flag: SepsisOnset
) -> str:
    return _identity(
        site=state.site,
        patient=state.patient,
        trial=protocol.id,
        domain=domain.id,
        episode=flag.episode,
    )


_identity = lru_cache(maxsize=4096)(screening_identity)
"""The same few names are asked for at every message."""
