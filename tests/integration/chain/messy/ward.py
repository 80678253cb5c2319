"""A made-up ward: patients told in hours, through the whole embedded chain.

Facts become canonical events, events messages, and the messages go through the runner
into a live registry; people act through the use cases, and what they may see is read
from the views.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter

from registry.app.embedded import EmbeddedRunner
from registry.app.trials import activate, give_green_light
from registry.domain.alert import AlertStep
from registry.domain.consent import ConsentState
from registry.domain.mode import Mode
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.record_answer import RecordAnswer, record_answer
from registry.usecases.record_consent import RecordConsent, record_consent
from registry.usecases.record_opt_out import RecordOptOut, record_opt_out
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.verify_audit import verify_audit
from streams.clinical.criteria.loading import load_protocol
from streams.pipeline.patient import Rules
from streams.vocabulary.events import Event
from streams.vocabulary.messages import EhrMessage


FOLDER = Path(__file__).parent
TRIALS = tuple(
    load_protocol((FOLDER / f"{name}.yaml").read_text("utf-8"))
    for name in ("lantern", "harbour", "mooring")
)
SITE, ZONE = "A", "Europe/Berlin"
BEGIN = datetime(2026, 10, 24, 18, tzinfo=UTC)
"""Hour 0, eight in the evening; at hour 7 the clocks of the ward go back."""
LONG_AGO = BEGIN - timedelta(days=400)

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_OF_THE_MESSAGE = ("at", "known", "again", "under")


def moment(told: float | str) -> datetime:
    """An hour, or a time with its offset from UTC."""
    if isinstance(told, str):
        return datetime.fromisoformat(told).astimezone(UTC)
    return BEGIN + timedelta(hours=told)


def messages_of(name: str, facts: list[dict]) -> list[EhrMessage]:
    """What the hospital sends of one patient, each fact when it became known.

    A fact with an `id` may be corrected or cancelled by it; `again` delivers it a
    second time; `under` files it under another name.
    """
    sent = []
    for number, fact in enumerate(facts):
        event = _event(name, fact, number)
        patient = fact.get("under", name)
        sent.append(_message(patient, event, f"{name}-{number}", event.known_at))
        if "again" in fact:
            again = moment(fact["again"])
            sent.append(_message(patient, event, f"{name}-{number}-again", again))
    return sent


def _event(name: str, fact: dict, number: int) -> Event:
    told = {key: value for key, value in fact.items() if key not in _OF_THE_MESSAGE}
    happened = moment(fact["at"])
    own = {
        "event_id": f"{name}/{told.pop('id', f'fact-{number}')}",
        "happened_at": happened,
        "known_at": moment(fact.get("known", fact["at"])),
        "encounter": told.pop("encounter", "stay"),
    }
    if told["kind"] in ("patient_merge", "patient_unmerge"):
        own["encounter"] = None
    if told["kind"] == "cancellation":
        told["cancels"] = f"{name}/{told['cancels']}"
    if told["kind"] == "correction":
        told["corrects"] = f"{name}/{told['corrects']}"
        told["version"] = 1
        told["event"] = {**own, "event_id": told["corrects"], **told["event"]}
    return _EVENT.validate_python({**own, **told})


def _message(patient: str, event: Event, name: str, known_at: datetime) -> EhrMessage:
    return EhrMessage(
        message_id=name,
        site=SITE,
        patient=patient,
        happened_at=event.happened_at,
        known_at=known_at,
        source="made-up ward",
        provenance="live",
        events=(event,),
    )


@dataclass
class Heard:
    """The people of the ward: they count who called, and act when the story says so."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often somebody was told of a patient for a trial."""
    upgrades: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often again, because `needs_human` became `eligible`."""

    def hear(self, alerts, _agenda):
        for change in alerts:
            who = (change.alert.patient, change.alert.trial)
            quiet = change.suppressed is not None or change.alert.held_back is not None
            if change.step is AlertStep.RAISED and not quiet:
                self.calls[who] += 1
            if change.step is AlertStep.UPDATED and not quiet:
                self.upgrades[who] += 1


class Ward:
    """A live registry with the three trials in force, and the runner before it."""

    def __init__(self, url: str) -> None:
        migrate(url)
        self.registry = open_registry(url)
        self.heard = Heard()
        self.signer = KeyedSigner({trial.id: bytes(range(32)) for trial in TRIALS})
        live = SetMode(mode=Mode.LIVE, reason="a test", actor="admin", at=LONG_AGO)
        with self.registry.transaction() as uow:
            set_mode(live, uow)
        for trial in TRIALS:
            activate(
                trial, self.registry, signer=self.signer, actor="admin", at=LONG_AGO
            )
            give_green_light(
                trial.id,
                self.registry,
                site=SITE,
                reason="a test",
                actor="admin",
                at=LONG_AGO,
            )
        self.runner = EmbeddedRunner(
            self.registry,
            Rules(protocols=TRIALS, zone=ZONE, software_version="test"),
            source="made-up ward",
            fingerprint="messy",
            people=self.heard,
        )
        self.runner.begin()

    def close(self) -> None:
        self.registry.close()

    # -- time ----------------------------------------------------------------------

    def live(self, messages, moments) -> None:
        """Let time pass from moment to moment; `moments` are (hour, what is done)."""
        waiting = sorted(messages, key=lambda m: m.known_at)
        taken = 0
        ordered = sorted(moments, key=lambda m: moment(m[0]))
        for at, group in groupby(ordered, key=lambda m: moment(m[0])):
            upto = taken
            while upto < len(waiting) and waiting[upto].known_at <= at:
                upto += 1
            self.runner.catch_up(waiting[taken:upto], at)
            taken = upto
            for _, act in group:
                act(at)
        self.runner.catch_up(waiting[taken:], moment(24 * 200))

    # -- people --------------------------------------------------------------------

    def answer(self, patient, trial, criterion, truth, by, at, episode="stay"):
        command = RecordAnswer(
            site=SITE,
            patient=patient,
            trial=trial,
            domain="drug",
            episode=episode,
            criterion_id=criterion,
            truth="TRUE" if truth else "FALSE",
            reason="made up",
            actor="somebody",
            answered_as=by,
            at=at,
        )
        with self.registry.transaction() as uow:
            done = record_answer(command, uow)
        obstacle = getattr(done, "obstacle", None)
        return "recorded" if obstacle is None else obstacle.name

    def consent(self, patient, trial, state, at, episode="stay"):
        for step in (ConsentState.ASKED, ConsentState(state)):
            command = RecordConsent(
                site=SITE,
                patient=patient,
                trial=trial,
                episode=episode,
                state=step,
                basis="written" if step is ConsentState.GIVEN else None,
                document_version="1.0" if step is ConsentState.GIVEN else None,
                decided_at=at,
                actor="nurse",
                at=at,
            )
            with self.registry.transaction() as uow:
                done = record_consent(command, uow)
            self._deliver(done)
        return getattr(done, "state", None)

    def opt_out(self, patient, at, trial="", *, stands=True):
        command = RecordOptOut(
            site=SITE,
            patient=patient,
            trial=trial,
            stands=stands,
            decided_at=at,
            actor="nurse",
            at=at,
        )
        with self.registry.transaction() as uow:
            done = record_opt_out(command, uow)
        self._deliver(done)

    def gate(self, patient, trial, at, episode="stay"):
        """`open`: randomised now; `drawn already`: as before; or what keeps it shut."""
        command = Randomise(
            idempotency_key=f"{patient} {trial} {episode}",
            site=SITE,
            patient=patient,
            trial=trial,
            domain="drug",
            episode=episode,
            actor="doctor",
            at=at,
        )
        with self.registry.transaction() as uow:
            done = randomise(command, uow, signer=self.signer)
        if isinstance(done, Randomised):
            self._deliver(done)
            return "drawn already" if done.repeated else "open"
        return sorted({obstacle.name for obstacle in done.gate.obstacles})

    def _deliver(self, done) -> None:
        roster = getattr(done, "roster", None)
        if roster is not None:
            self.runner.deliver(roster)

    # -- what is to be seen --------------------------------------------------------

    def verdict(self, patient, trial, episode="stay"):
        with self.registry.reading() as views:
            told = views.screenings(site=SITE, patient=patient, trial=trial)
        return next((one for one in told if one.episode == episode), None)

    def alert(self, patient, trial, episode="stay"):
        with self.registry.reading() as views:
            told = [
                one
                for one in views.alerts(trial)
                if (one.patient, one.episode) == (patient, episode)
            ]
        return told[-1].status.value if told else None

    def history(self, patient, trial):
        with self.registry.reading() as views:
            return [
                v for v in views.screening_history(SITE, patient) if v.trial == trial
            ]

    def broken_chains(self):
        with self.registry.inspection() as uow:
            return [r for r in verify_audit(uow) if r.break_ is not None]
