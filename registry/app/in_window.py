"""Whose verdict another version of a protocol changes, of those whose window is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from pydantic import TypeAdapter

from registry.app.patients import HEAD, Patients, head_chunk
from registry.store.unit_of_work import Registry
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.tell_randomisation import roster_entry
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.messages import ScreeningStatus, TrialScreening
from streams.vocabulary.protocol import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One patient's verdict by the version in force, and by another."""

    site: str
    patient: str
    domain: str
    episode: str
    before: ScreeningStatus
    after: ScreeningStatus
    why: tuple[str, ...]
    """Criterion by criterion, and the window where that moves."""
    recorded: bool
    """Whether the new verdict is in the registry now."""

    @property
    def changes(self) -> bool:
        """Whether the status is another."""
        return self.before != self.after


TURNS = TypeAdapter(tuple[Turn, ...])


def foreseen(book: Registry, protocol: Protocol, *, at: datetime) -> tuple[Turn, ...]:
    """What `protocol` would say of each patient in window; nothing is recorded."""
    with book.transaction() as uow:
        return tuple(turn for turn, _ in _turns(book, uow, protocol, at))


def rescreened(
    book: Registry, protocol: Protocol, *, at: datetime, actor: str
) -> tuple[Turn, ...]:
    """Screen the patients in window anew, at once, and record what is said.

    Those whose state lies with workers on Kafka are only told of: they are screened
    when the worker next looks at them, or by `ember rejudge`.
    """
    told: list[Turn] = []
    with book.transaction() as uow:
        for turn, (state, said) in _turns(book, uow, protocol, at):
            if turn.recorded:
                state.screenings[said.screening_id] = said
                record_batch(
                    RecordBatch(
                        messages=(said,),
                        recorded_at=at,
                        actor=actor,
                        chunks=(head_chunk(state),),
                    ),
                    uow,
                )
            told.append(turn)
    return tuple(told)


def _turns(
    book: Registry, uow: UnitOfWork, protocol: Protocol, at: datetime
) -> Iterator[tuple[Turn, tuple[PatientState, TrialScreening]]]:
    with book.reading() as views:
        latest = views.screenings(trial=protocol.id)
    people = sorted(
        {
            (v.site, v.patient)
            for v in latest
            if v.window_open and (v.provenance != "live" or v.deadline >= at)
        }
    )
    kept = Patients()
    for key in people:
        state = kept.state(key, uow)
        here = any(chunk.chunk == HEAD for chunk in uow.stream.chunks(*key))
        if not here:
            if not len(state.timeline):
                continue  # no archive is kept of this patient: nobody can say
            _take_from_record(state, uow)
        for said in _said(state, protocol, at):
            held = state.screenings.get(said.screening_id)
            if held is not None and held.window_open:
                yield _turn(held, said, recorded=here), (state, said)
        kept.shed()


def _take_from_record(state: PatientState, uow: UnitOfWork) -> None:
    """What workers on Kafka hold of the patient, as far as the registry was told it."""
    key = {"site": state.site, "patient": state.patient}
    state.flags = {flag.flag_id: flag for flag in uow.onsets.latest_of(**key)}
    said = uow.screenings.latest_of(**key)
    state.screenings = {one.screening_id: one for one in said}
    state.clock = max(one.known_at for one in said)
    state.live = any(one.provenance == "live" for one in said)
    drawn = uow.allocations.of_patient(**key)
    state.roster = {one.randomisation_id: roster_entry(one) for one in drawn}


def _said(
    state: PatientState, protocol: Protocol, at: datetime
) -> Iterator[TrialScreening]:
    """As the worker would: at the patient's own time, or now where the patient lives."""
    now = state.clock or at
    if state.live:
        now = max(now, at)
    step = screen(
        state, now, plan((protocol,)), software_version=version("ember-registry")
    )
    for message in step.messages:
        if isinstance(message, TrialScreening):
            yield message


def _turn(held: TrialScreening, said: TrialScreening, *, recorded: bool) -> Turn:
    return Turn(
        site=said.site,
        patient=said.patient,
        domain=said.domain,
        episode=said.episode,
        before=held.status,
        after=said.status,
        why=tuple(_why(held, said)),
        recorded=recorded,
    )


def _why(held: TrialScreening, said: TrialScreening) -> Iterator[str]:
    before = {c.criterion_id: c.truth for c in held.criteria}
    after = {c.criterion_id: c.truth for c in said.criteria}
    for name in (*before, *(n for n in after if n not in before)):
        was, is_ = before.get(name), after.get(name)
        if was != is_:
            yield f"{name}: {was or 'not asked'} -> {is_ or 'no longer asked'}"
    if held.deadline != said.deadline:
        yield f"window: to {held.deadline:%Y-%m-%d %H:%M} -> {said.deadline:%Y-%m-%d %H:%M}"
    if held.window_open != said.window_open:
        yield "window: closed"
