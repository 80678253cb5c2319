"""What the registry must hold, by the pure steps alone.

Each patient's log is judged message by message as `streams.pipeline` judges it, with
no Kafka, no worker and no batch, and recorded in a registry of its own on SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from integration.faults.people import BEGINNING, SITE

from registry.app.embedded import Output
from registry.app.trials import activate, give_green_light
from registry.domain.mode import Mode
from registry.domain.randomisation.signer import Signer
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.set_mode import SetMode, set_mode
from streams.pipeline.patient import Arrival, Rules, advance
from streams.pipeline.state import PatientState
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    SepsisOnset,
    TrialScreening,
    encode,
)


_MIGRATING = Lock()
"""Alembic keeps what it is at in one place for all threads."""


@dataclass
class Judge:
    """Judges patients' logs; remembers those that have not grown since."""

    rules: Rules
    _known: dict[str, tuple[int, list[Output]]] = field(default_factory=dict)

    def outputs(self, patient: str, log: Sequence[Arrival]) -> list[Output]:
        """All that is to be said of the patient, in order."""
        length, said = self._known.get(patient, (0, []))
        if length != len(log):
            state = PatientState(log[0].site, patient)
            said = [m for m in advance(state, log, self.rules) if isinstance(m, Output)]
            self._known[patient] = (len(log), said)
        return said


def document(output: Output) -> str:
    """The output as the registry stores it, byte for byte."""
    if isinstance(output, SepsisOnset):
        return encode(SEPSIS_ONSET, output).decode()
    if isinstance(output, TrialScreening):
        return encode(TRIAL_SCREENING, output).decode()
    return encode(TRIAL_OUTCOME, output).decode()


@dataclass
class Ideal:
    """A registry of its own, an empty show at first, that is told what is expected."""

    file: Path
    _told: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def record(self, outputs: Mapping[str, Sequence[Output]]) -> None:
        """Tell it what it was not told yet; a patient's outputs only ever grow."""
        fresh = [
            output
            for patient, said in outputs.items()
            for output in said[self._told.get(patient, 0) :]
        ]
        book = open_registry(self.url)
        try:
            with book.transaction() as uow:
                record_batch(RecordBatch(messages=fresh, recorded_at=BEGINNING), uow)
        finally:
            book.close()
        self._told |= {patient: len(said) for patient, said in outputs.items()}


def empty_show(folder: Path, *, rules: Rules, signer: Signer) -> Path:
    """The file of a registry in which the trials are open and nothing happened yet."""
    file = folder / "empty-show.sqlite"
    open_house(f"sqlite:///{file}", rules=rules, signer=signer)
    return file


def open_house(url: str, *, rules: Rules, signer: Signer) -> None:
    """Migrate a registry, make it a show of simulated facts, open the trials."""
    with _MIGRATING:
        migrate(url)
    book = open_registry(url)
    try:
        with book.transaction() as uow:
            show = SetMode(
                mode=Mode.DEMO, reason="fault tests", actor="test", at=BEGINNING
            )
            set_mode(show, uow)
        for protocol in rules.protocols:
            activate(protocol, book, signer=signer, actor="test", at=BEGINNING)
            give_green_light(
                protocol.id,
                book,
                site=SITE,
                reason="fault tests",
                actor="test",
                at=BEGINNING,
            )
    finally:
        book.close()
