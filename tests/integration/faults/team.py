"""A made-up team that randomises while everything around it breaks.

Each request is made by two people at once under one key, and once more under another:
all of them must be given one and the same allocation.
What the database refuses is asked again, as a person would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

from integration.faults.ledger import Draw, Ledger
from integration.faults.load import Load
from integration.faults.people import SITE
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from registry.domain.consent import ConsentBasis, ConsentState
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import Registry, open_registry
from registry.usecases.declared import asked
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.record_answer import RecordAnswer, record_answer
from registry.usecases.record_consent import RecordConsent, record_consent
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.ids import screening_identity
from streams.vocabulary.messages import TrialScreening


TRIAL = "ember-demo"
DOMAIN = "corticosteroid"
PATIENCE = 300.0
"""Seconds until a patient who cannot be randomised fails the test."""
_T = TypeVar("_T")


def signer() -> KeyedSigner:
    """The trial's made-up key."""
    return KeyedSigner({TRIAL: sha256(b"made up").digest()})


class Team:
    """Randomises whoever is put on its list, and writes down what it was told."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        self._url = url
        self._ledger = ledger
        self._signer = signer()
        self._list: SimpleQueue[tuple[str, Load]] = SimpleQueue()
        self._open = 0
        self._stopping = Event()
        self._faults: list[BaseException] = []
        self._thread = Thread(target=self._work, name="team", daemon=True)
        self._book: Registry | None = None
        self._people = ThreadPoolExecutor(max_workers=3)
        self._thread.start()

    def ask(self, patient: str, load: Load) -> None:
        """Put the patient on the list; `load.release` is called when all is done."""
        self._list.put((patient, load))

    def close(self) -> None:
        """End, and tell what went wrong."""
        self._stopping.set()
        self._thread.join(PATIENCE)
        self._people.shutdown()
        if self._book is not None:
            self._book.close()

    @property
    def faults(self) -> list[BaseException]:
        return self._faults

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                patient, load = self._list.get(timeout=0.2)
            except Empty:
                continue
            try:
                self._enrol(patient)
            except BaseException as fault:  # noqa: BLE001 - told by `faults`
                self._faults.append(fault)
            finally:
                load.release(patient)

    def _enrol(self, patient: str) -> None:
        self._ledger.approach(patient)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self._stopping.is_set():
            verdict = self._patiently(lambda: self._verdict(patient), until)
            if verdict is not None and self._randomised(verdict, until):
                return
            time.sleep(0.1)
        raise TimeoutError(f"{patient} could not be randomised in {PATIENCE:.0f} s")

    def _verdict(self, patient: str) -> TrialScreening | None:
        """The verdict to act upon: the last one that the first part of a story gives."""
        with self._transaction() as uow:
            latest = uow.screenings.latest(
                screening_identity(
                    site=SITE,
                    patient=patient,
                    trial=TRIAL,
                    domain=DOMAIN,
                    episode=f"{patient}-e1",
                )
            )
        return latest if latest is not None and latest.revision >= 1 else None

    def _randomised(self, verdict: TrialScreening, until: float) -> bool:
        at = verdict.known_at + timedelta(minutes=1)
        for state in (ConsentState.ASKED, ConsentState.GIVEN):
            self._patiently(
                lambda state=state: self._consent(verdict, state, at), until
            )
        for one in verdict.criteria:
            if one.human or one.truth == "UNKNOWN":
                truth = "TRUE" if one.role == "inclusion" else "FALSE"
                self._patiently(
                    lambda c=one.criterion_id, t=truth: self._answer(verdict, c, t, at),
                    until,
                )
        keys = ["one", "one", "another"]
        asking = [
            self._people.submit(
                self._patiently, lambda k=key: self._ask(verdict, k, at), until
            )
            for key in keys
        ]
        told = [one.result() for one in asking]
        told += [self._patiently(lambda: self._ask(verdict, "one", at), until)]
        for one in told:
            if isinstance(one, Randomised):
                self._ledger.draw(
                    Draw(
                        verdict.patient,
                        one.randomisation_id,
                        one.stratum,
                        one.sequence_no,
                        one.arm,
                    )
                )
        return isinstance(told[-1], Randomised)

    def _ask(self, verdict: TrialScreening, key: str, at: datetime) -> object:
        command = Randomise(
            idempotency_key=f"{verdict.patient}/{key}",
            site=SITE,
            patient=verdict.patient,
            trial=TRIAL,
            domain=DOMAIN,
            episode=verdict.episode,
            actor="made-up team",
            at=at,
        )
        with self._transaction() as uow:
            return randomise(command, uow, signer=self._signer)

    def _consent(
        self, verdict: TrialScreening, state: ConsentState, at: datetime
    ) -> None:
        command = RecordConsent(
            trial=TRIAL,
            site=SITE,
            patient=verdict.patient,
            episode=verdict.episode,
            state=state,
            basis=ConsentBasis.WRITTEN if state is ConsentState.GIVEN else None,
            decided_at=at,
            actor="made-up team",
            at=at,
        )
        with self._transaction() as uow:
            record_consent(command, uow)

    def _answer(
        self, verdict: TrialScreening, criterion: str, truth: str, at: datetime
    ) -> None:
        command = RecordAnswer(
            site=SITE,
            patient=verdict.patient,
            trial=TRIAL,
            domain=DOMAIN,
            episode=verdict.episode,
            criterion_id=criterion,
            truth=truth,
            reason="made up",
            actor="made-up team",
            at=at,
        )
        with self._transaction() as uow:
            whom = asked(uow, TRIAL, verdict.protocol_hash).get(criterion)
            capacity = min(whom.by) if whom and whom.by else None
            record_answer(replace(command, answered_as=capacity), uow)

    # -- the database, which may be away -------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[object]:
        if self._book is None:
            self._book = open_registry(self._url, pool_size=5)
        with self._book.transaction() as uow:
            yield uow

    def _patiently(self, act: Callable[[], _T], until: float) -> _T:
        """Act; where the database cannot, again until it can."""
        while True:
            try:
                return act()
            except (SQLAlchemyError, DBAPIError, SettingsError):
                if time.monotonic() > until or self._stopping.is_set():
                    raise
                time.sleep(0.5)
