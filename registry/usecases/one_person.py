"""Who is one person with whom, by the merges on record, and who of them takes part.

Records are never moved or removed for a merge: a participant stays the participant.
That one person takes part twice in a trial is for a human to judge, and never passed
over: it is audited when the merge is recorded, and no further one is randomised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.participant import Participant
from registry.usecases.ports import UnitOfWork
from registry.usecases.stream_state import ArchivedEvent
from streams.clinical.merges import Statement, statement, survivors
from streams.vocabulary.events import Cancellation, PatientMerge, PatientUnmerge


@dataclass(frozen=True, slots=True)
class Merged:
    """One person of several pseudonyms."""

    survivor: str
    retired: tuple[str, ...]
    participants: tuple[Participant, ...]
    """Of all their names."""

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The trials in which this person takes part more than once."""
        trials = [participant.trial for participant in self.participants]
        return tuple(sorted({trial for trial in trials if trials.count(trial) > 1}))

    def in_words(self) -> str:
        """One line."""
        told = f"{', '.join(self.retired)} -> {self.survivor}"
        codes = {
            trial: [p.participant for p in self.participants if p.trial == trial]
            for trial in self.conflicts
        }
        conflict = "".join(
            f"; CONFLICT in {trial}: {' and '.join(both)}"
            for trial, both in codes.items()
        )
        return told + conflict


def merges_told(site: str, uow: UnitOfWork) -> tuple[Merged, ...]:
    """Everybody of this site who was merged, by survivor."""
    retired: defaultdict[str, list[str]] = defaultdict(list)
    for name, survivor in _survivors(uow.stream.merges(site)).items():
        retired[survivor].append(name)
    return tuple(
        _merged(site, survivor, sorted(names), uow)
        for survivor, names in sorted(retired.items())
    )


def person_of(site: str, patient: str, uow: UnitOfWork) -> Merged:
    """All names of the person this patient is."""
    return people_of(site, [patient], uow)[patient]


def people_of(
    site: str, patients: Collection[str], uow: UnitOfWork
) -> dict[str, Merged]:
    """By each of these patients, all names of the person that is.

    Two of them are one person though only one of their logs tells of it yet.
    What is asked of the store does not grow with the number of patients.
    """
    logs = _logs_of_kin(site, patients, uow)
    kin = _kin(logs)
    grouped = {patient: _grouped(patient, kin, logs) for patient in patients}
    names = {name for all_names in grouped.values() for name in all_names}
    known: defaultdict[str, list[Participant]] = defaultdict(list)
    for one in uow.participants.of_patients(site=site, patients=names):
        known[one.patient].append(one)
    return {
        patient: Merged(survivor, tuple(retired), _in_order(known, survivor, *retired))
        for patient, (survivor, *retired) in grouped.items()
    }


def takes_part_as(person: Merged, patient: str, trial: str) -> tuple[str, ...]:
    """As whom else than this patient the person is a participant of the trial."""
    return tuple(
        one.participant
        for one in person.participants
        if one.trial == trial and one.patient != patient
    )


def flag_merges(
    archived: Iterable[ArchivedEvent], uow: UnitOfWork, *, at: datetime
) -> None:
    """Audit each merge by which one person takes part more than once in a trial.

    Call it when the events are archived; of what came from another log it was said.
    """
    for one in archived:
        if not isinstance(one.event, PatientMerge) or one.event.origin is not None:
            continue
        person = person_of(one.site, one.patient, uow)
        for trial in person.conflicts:
            uow.audit.append(
                AuditEntry(
                    site=one.site,
                    trial=trial,
                    action=AuditAction.MERGE_IN_CONFLICT,
                    actor="stream",
                    at=at,
                    subject=person.survivor,
                    detail={
                        "merge": one.event.event_id,
                        "participants": [
                            p.participant
                            for p in person.participants
                            if p.trial == trial
                        ],
                    },
                )
            )


def regrouped(
    archived: Iterable[ArchivedEvent], uow: UnitOfWork
) -> dict[tuple[str, str], datetime]:
    """Whom these events make another person, site and pseudonym, and when it was known.

    By a merge, an unmerge, or the cancellation of one. Call it when they are archived.
    """
    found: dict[tuple[str, str], datetime] = {}
    for one in archived:
        for name in _concerned(one, uow):
            known = found.get((one.site, name), one.event.known_at)
            found[one.site, name] = max(known, one.event.known_at)
    return found


def _concerned(one: ArchivedEvent, uow: UnitOfWork) -> frozenset[str]:
    """The names an event makes one or parts; nobody, where it does neither."""
    event = one.event
    if isinstance(event, PatientMerge | PatientUnmerge):
        said = statement(event, one.patient)
        return frozenset({said.survivor, said.said.retired})
    if not isinstance(event, Cancellation):
        return frozenset()
    told = _statements(uow.stream.merges(one.site, [one.patient]))
    undone = [s for s in told if s.said.event_id == event.cancels]
    return frozenset(n for s in undone for n in (s.survivor, s.said.retired))


def _survivors(told: Iterable[ArchivedEvent]) -> dict[str, str]:
    """By retired patient, who survives by these merges, unmerges and cancellations."""
    some = tuple(told)
    return survivors(_statements(some), _cancelled(some))


def _statements(told: Iterable[ArchivedEvent]) -> set[Statement]:
    return {
        statement(one.event, one.patient)
        for one in told
        if isinstance(one.event, PatientMerge | PatientUnmerge)
    }


def _cancelled(told: Iterable[ArchivedEvent]) -> dict[str, int]:
    """By the event id of what never was, the latest version that says so."""
    found: dict[str, int] = {}
    for one in told:
        if isinstance(one.event, Cancellation):
            name, version = one.event.cancels, one.event.version
            found[name] = max(version, found.get(name, version))
    return found


_Logs = dict[str, list[ArchivedEvent]]
"""By pseudonym, the merges, unmerges and cancellations in that log."""


def _logs_of_kin(site: str, patients: Collection[str], uow: UnitOfWork) -> _Logs:
    """What was said of these patients, of whom that names, and so on.

    A statement lies in the logs of all whom it concerns.
    """
    logs: _Logs = {}
    asking = set(patients)
    while asking:
        logs |= {name: [] for name in asking}
        for one in uow.stream.merges(site, asking):
            logs[one.patient].append(one)
        asking = {n for told in logs.values() for n in _named(told)} - logs.keys()
    return logs


def _kin(logs: _Logs) -> dict[str, set[str]]:
    """By pseudonym, who was ever said to be one with it, directly."""
    kin: dict[str, set[str]] = {name: set() for name in logs}
    for name, told in logs.items():
        for other in _named(told):
            kin[name].add(other)
            kin[other].add(name)
    return kin


def _grouped(patient: str, kin: Mapping[str, set[str]], logs: _Logs) -> list[str]:
    """The name that survives of this person, then the others in order.

    Read from the logs of this patient's kin, near and far, and from nobody else's.
    """
    mine, asking = {patient}, {patient}
    while asking:
        asking = {other for name in asking for other in kin[name]} - mine
        mine |= asking
    known = _survivors(one for name in sorted(mine) for one in logs[name])
    survivor = known.get(patient, patient)
    return [survivor, *sorted(name for name, end in known.items() if end == survivor)]


def _named(told: Iterable[ArchivedEvent]) -> set[str]:
    return {n for s in _statements(told) for n in (s.survivor, s.said.retired)}


def _in_order(
    known: Mapping[str, list[Participant]], *names: str
) -> tuple[Participant, ...]:
    mine = (one for name in names for one in known.get(name, ()))
    return tuple(sorted(mine, key=lambda one: (one.trial, one.number)))


def _merged(site: str, survivor: str, retired: list[str], uow: UnitOfWork) -> Merged:
    people = uow.participants.of_patients(site=site, patients=[survivor, *retired])
    return Merged(survivor, tuple(retired), people)
