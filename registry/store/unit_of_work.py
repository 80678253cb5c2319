"""The registry's database: transactions to act in, snapshots to read from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, literal, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from registry.domain.roles import Person
from registry.store.engine import READ_ONLY, database_url, make_engine
from registry.store.extracts import Extracts
from registry.store.faults import diagnosis
from registry.store.migrate import current_revision, head_revision, reachable
from registry.store.repositories.alerts import AlertRepository
from registry.store.repositories.allocation import AllocationRepository
from registry.store.repositories.answered import DomainAnswerRepository
from registry.store.repositories.audit import AuditRepository
from registry.store.repositories.conduct import (
    DeviationRepository,
    JudgedOutcomeRepository,
)
from registry.store.repositories.feeds import FeedRepository
from registry.store.repositories.gate import GateRepository
from registry.store.repositories.kits import KitRepository
from registry.store.repositories.letters import LetterRepository
from registry.store.repositories.misrandomisations import MisrandomisationRepository
from registry.store.repositories.outbox import OutboxRepository
from registry.store.repositories.pauses import PauseRepository
from registry.store.repositories.people import (
    AnswerRepository,
    OptOutRepository,
    ParticipantRepository,
)
from registry.store.repositories.published import PublishedRepository
from registry.store.repositories.redactions import RedactionRepository
from registry.store.repositories.rehearsals import RehearsalRepository
from registry.store.repositories.reveals import RevealRepository
from registry.store.repositories.roles import RoleGrantRepository
from registry.store.repositories.sealed_lists import SealedListRepository
from registry.store.repositories.signatures import RecordSignatureRepository
from registry.store.repositories.sites import (
    DelegationRepository,
    GreenLightRepository,
    SignatureRepository,
)
from registry.store.repositories.stream import StreamRepository
from registry.store.repositories.trial import (
    ModeRepository,
    ProtocolRepository,
    Shelf,
)
from registry.store.repositories.unblindings import UnblindingRepository
from registry.store.repositories.vault import VaultRepository
from registry.store.repositories.vectors import VectorRepository
from registry.store.repositories.verdicts import (
    OnsetRepository,
    OutcomeRepository,
    ScreeningRepository,
)
from registry.store.seeing import see_as
from registry.store.views import Views
from registry.usecases.faults import Diagnosis
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


class UnitOfWork:
    """One transaction with its repositories."""

    def __init__(self, connection: Connection, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self.can_seal = connection.dialect.name == "postgresql"
        self.modes = ModeRepository(connection)
        self.protocols = ProtocolRepository(connection, shelf)
        self.pauses = PauseRepository(connection)
        self.vectors = VectorRepository(connection)
        self.published = PublishedRepository(connection, shelf)
        self.stream = StreamRepository(connection)
        self.feeds = FeedRepository(connection)
        self.onsets = OnsetRepository(connection)
        self.screenings = ScreeningRepository(connection)
        self.outcomes = OutcomeRepository(connection)
        self.alerts = AlertRepository(connection)
        self.participants = ParticipantRepository(connection)
        self.opt_outs = OptOutRepository(connection)
        self.judged_outcomes = JudgedOutcomeRepository(connection)
        self.deviations = DeviationRepository(connection)
        self.answers = AnswerRepository(connection)
        self.gate = GateRepository(connection)
        self.green_lights = GreenLightRepository(connection)
        self.delegations = DelegationRepository(connection)
        self.signatures = SignatureRepository(connection)
        self.role_grants = RoleGrantRepository(connection)
        self.redactions = RedactionRepository(connection)
        self.record_signatures = RecordSignatureRepository(connection)
        self.allocations = AllocationRepository(connection)
        self.reveals = RevealRepository(connection)
        self.kits = KitRepository(connection)
        self.domain_answers = DomainAnswerRepository(connection)
        self.unblindings = UnblindingRepository(connection)
        self.rehearsals = RehearsalRepository(connection)
        self.sealed_lists = SealedListRepository(connection)
        self.misrandomisations = MisrandomisationRepository(connection)
        self.letters = LetterRepository(connection)
        self.vault = VaultRepository(connection)
        self.outbox = OutboxRepository(connection)
        self.audit = AuditRepository(connection)

    def savepoint(self) -> Savepoint:
        """A part of the transaction that can be taken back alone."""
        self.finish()
        return Savepoint(self._connection, self)

    def finish(self) -> None:
        """Write what waited to be written together."""
        self.outbox.write()

    def forget(self) -> None:
        """A part was undone: what was read and held of it is so no more."""
        self.outbox.forget()
        self.audit.forget()


class Savepoint:
    """Part of a transaction; kept unless it is taken back.

    It is never released: the end of the transaction does that without another word.
    """

    def __init__(self, connection: Connection, uow: UnitOfWork) -> None:
        self._connection = connection
        self._uow = uow

    def __enter__(self) -> Self:
        self._connection.exec_driver_sql(f"SAVEPOINT {_ATTEMPT}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and not self._connection.invalidated:
            self.take_back()

    def take_back(self) -> None:
        """Undo what was done since; locks taken since are gone with it."""
        self._connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_ATTEMPT}")
        self._uow.forget()


_ATTEMPT = "attempt"


class Registry:
    """One registry database; threads may share it."""

    def __init__(self, engine: Engine, person: Person | None = None) -> None:
        self._engine = engine
        self._writing = Lock() if engine.dialect.name == "sqlite" else None
        self._shelf = Shelf()
        self.person = person
        """Who reads; None for a process, or the owner of a registry without roles."""

    def seen_by(self, person: Person) -> Registry:
        """The same registry, read as this person; acts are the application's still."""
        return Registry(self._engine, person)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Commits when the block is left without an exception.

        On SQLite one writer writes at a time; the others wait in line here rather
        than asking the file again and again.
        """
        if self._writing is None:
            with self._in_one() as uow:
                yield uow
            return
        with self._writing, self._in_one() as uow:
            yield uow

    @contextmanager
    def _in_one(self) -> Iterator[UnitOfWork]:
        with self._engine.begin() as connection:
            uow = UnitOfWork(connection, self._shelf)
            yield uow
            uow.finish()

    @contextmanager
    def reading(self) -> Iterator[Views]:
        """One snapshot to read from; it waits for no writer."""
        with self._snapshot() as connection:
            yield Views(connection, self.person)

    @contextmanager
    def reading_by_login(self) -> Iterator[Views]:
        """As `reading`; on PostgreSQL by the login of who reads, in the same database.

        Its password is looked for where PostgreSQL's own programs look. Raises `Refused`
        EMB-399 where they are not let in, or where this is their login already, by
        which nothing could be put on record.
        """
        if self.person is None or self.dialect != "postgresql":
            with self.reading() as views:
                yield views
            return
        own = Registry(_by_login(self._engine.url, self.person.name), self.person)
        try:
            with own.reading() as views:
                yield views
        except OperationalError:
            raise Refused(
                ErrorCode.ROLES_NOT_KEPT,
                f"The database does not let {self.person.name!r} in.",
                "Make a login of that name, of `ember_person` and `ember_unblinded`; "
                "its password may be in PGPASSFILE.",
            ) from None
        finally:
            own.close()

    @contextmanager
    def extracts(self) -> Iterator[Extracts]:
        """One snapshot to be taken out row by row; it waits for no writer."""
        with self._snapshot() as connection:
            yield Extracts(connection, self.person)

    @contextmanager
    def inspection(self) -> Iterator[UnitOfWork]:
        """One snapshot with all repositories, to hold records against each other.

        What others write meanwhile is not seen; nothing is to be written here.
        """
        with self._snapshot() as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        options: dict[str, Any] = {READ_ONLY: True}
        if self.dialect == "postgresql":
            options = {
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        with (
            self._engine.connect().execution_options(**options) as connection,
            connection.begin() as transaction,
        ):
            if self.person is not None:
                see_as(connection, self.person)
            yield connection
            transaction.rollback()

    def diagnosis(self, fault: BaseException) -> Diagnosis | None:
        """What a transaction failed of; None for what nobody foresaw."""
        return diagnosis(fault)

    def answers(self) -> bool:
        """Whether the database answers now."""
        try:
            with self._engine.connect().execution_options(
                **{READ_ONLY: True}
            ) as connection:
                return connection.scalar(select(literal(1))) == 1
        except SQLAlchemyError:
            return False

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def open_registry(url: str, *, pool_size: int = 10) -> Registry:
    """The registry at this address.

    Raises `SettingsError`: EMB-402 for what is no address, EMB-301 where it cannot be
    reached, EMB-302 where its schema is not this version's.
    """
    address = database_url(url)
    _check_file(address)
    engine = make_engine(address, pool_size=pool_size)
    try:
        _check_schema(engine)
    except SettingsError:
        engine.dispose()
        raise
    return Registry(engine)


def _by_login(url: URL, name: str) -> Engine:
    if url.username == name:
        raise Refused(
            ErrorCode.ROLES_NOT_KEPT,
            "By a login of one's own nothing can be put on record.",
            "Name the registry by the application's account; you are logged in by the "
            "name that you give.",
        )
    own = URL.create(
        url.drivername,
        username=name,
        host=url.host,
        port=url.port,
        database=url.database,
        query=url.query,
    )
    return make_engine(own, pool_size=1)


def _check_file(address: URL) -> None:
    """A file that is not there is no registry; looking must not make one."""
    file = address.database
    if address.get_backend_name() != "sqlite" or not file or file == ":memory:":
        return
    if not Path(file).exists() and Path(file).absolute().parent.is_dir():
        told = address.render_as_string(hide_password=True)
        raise SettingsError(
            ErrorCode.REGISTRY_NOT_MIGRATED,
            f"There is no registry at {told}.",
            f"Check the name, or run `ember migrate --registry {told}` for a new one.",
        )


def _check_schema(engine: Engine) -> None:
    with reachable(engine) as connection:
        stands_at = current_revision(connection)
    if stands_at != head_revision():
        told = engine.url.render_as_string(hide_password=True)
        state = f"at {stands_at}" if stands_at else "empty"
        raise SettingsError(
            ErrorCode.REGISTRY_NOT_MIGRATED,
            f"The registry {told} is {state}; this Ember wants {head_revision()}.",
            f"Run `ember migrate --registry {told}`.",
        )
