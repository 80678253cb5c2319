"""Made-up patients, each with a sepsis nobody could miss; none of them ever lived.

A story has about a dozen messages: a stay in intensive care, blood cultures, an
antimicrobial, kidneys and platelets that fail, a vasopressor, a value corrected
afterwards, the way out, and a contact two months later.
It is told in two parts: what comes before anybody could randomise the patient, and
what comes after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from streams.vocabulary.events import (
    Correction,
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Event,
    Infusion,
    Location,
    Measurement,
    Medication,
    VitalStatusContact,
)
from streams.vocabulary.ids import message_identity
from streams.vocabulary.messages import EhrMessage


SITE = "made-up-house"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Story:
    """One made-up patient: what is sent of them, and in which order."""

    patient: str
    before: tuple[EhrMessage, ...]
    after: tuple[EhrMessage, ...]

    @property
    def messages(self) -> tuple[EhrMessage, ...]:
        """All of it."""
        return self.before + self.after


def story(name: str, *, seed: int) -> Story:
    """The story of that name; equal names and seeds give equal messages."""
    told = _Telling(name, Random(f"{seed}/{name}"))
    before = tuple(told.before())
    return Story(name, before, tuple(told.after()))


class _Telling:
    """Writes the messages of one patient down, minute after minute."""

    def __init__(self, name: str, luck: Random) -> None:
        self.name = name
        self.luck = luck
        self.now = BEGINNING + luck.randrange(60 * 24 * 20) * MINUTE
        self.count = 0
        self.dies = luck.random() < 0.2

    def before(self) -> Iterator[EhrMessage]:
        luck = self.luck
        yield self.message(
            Encounter(**self.fact(0), phase="admitted", encounter_class="inpatient"),
            Demographics(
                **self.fact(1),
                sex="male",
                birth_year=luck.randrange(1935, 2000),
                age_precision="stated",
            ),
            Location(**self.fact(2), phase="entered", ward="Made-up ICU", level="icu"),
        )
        yield self.vitals(mean_pressure=luck.randrange(75, 95))
        yield self.panel(creatinine=0.9, platelets=210.0, bilirubin=0.6)
        yield self.message(
            CultureCollected(
                **self.fact(0), culture_id=f"{self.name}-c1", specimen="BLOOD CULTURE"
            )
        )
        yield self.message(
            Medication(
                **self.fact(0),
                stage="ordered",
                order_id=f"{self.name}-abx",
                sent_drug="Meropenem",
                route="IV",
                antimicrobial=True,
            )
        )
        yield self.panel(
            creatinine=round(luck.uniform(2.1, 3.3), 2),
            platelets=round(luck.uniform(40, 95)),
            bilirubin=round(luck.uniform(2.1, 5.5), 1),
            lactate=round(luck.uniform(2.4, 8.0), 1),
        )
        yield self.message(
            Infusion(
                **self.fact(0),
                phase="started",
                infusion_id=f"{self.name}-ne1",
                drug="norepinephrine",
                rate=round(luck.uniform(0.05, 0.4), 2),
                weight_kg=80.0,
            )
        )
        yield self.vitals(mean_pressure=luck.randrange(50, 64))

    def after(self) -> Iterator[EhrMessage]:
        luck = self.luck
        yield self.corrected_panel()
        yield self.message(
            CultureResult(
                **self.fact(0),
                culture_id=f"{self.name}-c1",
                status="final",
                positive=luck.random() < 0.5,
            ),
            later=luck.randrange(60 * 24, 60 * 50) * MINUTE,
        )
        if self.dies:
            yield self.message(
                Death(**self.fact(0), place="hospital"),
                self.discharge(1, "died"),
                later=timedelta(days=luck.randrange(1, 20)),
            )
            return
        yield self.message(
            self.discharge(0, "home"), later=timedelta(days=luck.randrange(2, 20))
        )
        yield self.message(
            VitalStatusContact(**self.fact(0), alive=True, basis="made-up call"),
            later=timedelta(days=60),
        )

    def message(self, *events: Event, later: timedelta = timedelta(0)) -> EhrMessage:
        """The next message; `later` moves it and its events on."""
        moment = self.now + later
        told = EhrMessage(
            message_id=self.message_id,
            site=SITE,
            patient=self.name,
            happened_at=moment,
            known_at=moment,
            source="made-up",
            provenance="simulated",
            events=tuple(_moved(event, later) for event in events),
        )
        self.count += 1
        self.now = moment + self.luck.randrange(5, 50) * MINUTE
        return told

    def vitals(self, *, mean_pressure: int) -> EhrMessage:
        return self.measured(
            map=float(mean_pressure),
            heart_rate=float(self.luck.randrange(80, 130)),
            spo2=float(self.luck.randrange(90, 99)),
            gcs_total=15.0,
        )

    def panel(
        self,
        *,
        creatinine: float,
        platelets: float,
        bilirubin: float,
        lactate: float = 1.1,
    ) -> EhrMessage:
        return self.measured(
            creatinine=creatinine,
            platelets=float(platelets),
            bilirubin_total=bilirubin,
            lactate=lactate,
        )

    def corrected_panel(self) -> EhrMessage:
        """The laboratory takes one of the failing values back, a little."""
        wrong = f"{message_identity(SITE, 'made-up', f'{self.name}:5')}:0"
        event = Measurement(
            **{**self.fact(0), "event_id": wrong}, concept="creatinine", value=2.05
        )
        return self.message(
            Correction(**{**self.fact(0), "version": 1}, corrects=wrong, event=event)
        )

    def discharge(self, number: int, to: str) -> Encounter:
        return Encounter(
            **self.fact(number),
            phase="discharged",
            encounter_class="inpatient",
            disposition=to,
        )

    def measured(self, **values: float) -> EhrMessage:
        return self.message(
            *(
                Measurement(**self.fact(number), concept=concept, value=value)
                for number, (concept, value) in enumerate(values.items())
            )
        )

    @property
    def message_id(self) -> str:
        return message_identity(SITE, "made-up", f"{self.name}:{self.count}")

    def fact(self, number: int) -> dict[str, object]:
        """What the event of that number has in common with all others."""
        return {
            "event_id": f"{self.message_id}:{number}",
            "happened_at": self.now,
            "known_at": self.now,
            "encounter": f"{self.name}-e1",
            "stay": f"{self.name}-icu1",
        }


def moved(message: EhrMessage, by: timedelta) -> EhrMessage:
    """The message and all it tells, so much later."""
    return replace(
        message,
        happened_at=message.happened_at + by,
        known_at=message.known_at + by,
        events=tuple(_moved(event, by) for event in message.events),
    )


def known_at(message: EhrMessage, moment: datetime) -> EhrMessage:
    """The message as it was known at that moment and not before."""
    events = tuple(replace(event, known_at=moment) for event in message.events)
    return replace(message, known_at=moment, events=events)


def _moved(event: Event, by: timedelta) -> Event:
    return replace(
        event, happened_at=event.happened_at + by, known_at=event.known_at + by
    )
