"""How fast the audit is verified: rows a second, chains alone and with their records.

    python tests/bench/audit.py [--rows 20000] [--registry URL] [--json]

Without --registry an SQLite file of its own. `chain` has rows that speak of no record
(looks into the vault), `records` rows that each speak of one (deviations), which is
read again and held against its digest. One process; wall time, the best of three.
`anchor` is the time of taking all heads, however long the chains are.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from registry.domain.audit import AuditAction, AuditEntry, first_break, record_digest
from registry.domain.participant import Participant
from registry.store.migrate import migrate
from registry.store.unit_of_work import Registry, UnitOfWork, open_registry
from registry.usecases.anchor_audit import anchor_audit
from registry.usecases.record_deviation import RecordDeviation, record_deviation
from registry.usecases.verify_audit import verify_audit


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE, TRIAL, CODE = "A", "TIDE", "TIDE-A-0001"


def main() -> None:
    """Fill, verify, print."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        url = given.registry or f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        migrate(url)
        with closing(open_registry(url)) as book:
            told = _measured(book, given.rows)
    if given.json:
        print(json.dumps(told))
        return
    for name, figure in told.items():
        print(
            f"{name:24} {figure:>14,}"
            if isinstance(figure, int)
            else f"{name:24} {figure}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=20_000, help="of each chain")
    parser.add_argument("--registry", help="an empty registry; it is filled")
    return parser.parse_args()


def _measured(book: Registry, rows: int) -> dict[str, object]:
    _look_often(book, rows)
    chain = _best(lambda: _walk(book))
    _deviate_often(book, rows)
    both = _best(lambda: _verify(book))
    return {
        "database": book.dialect,
        "chain_rows": rows,
        "chain_rows_per_s": round(rows / chain),
        "verified_rows": 2 * rows + 1,
        "verified_rows_per_s": round((2 * rows + 1) / both),
        "record_rows_per_s": round(rows / (both - chain)),
        "anchor_ms": round(1_000 * _best(lambda: _anchor(book)), 2),
    }


def _best(act: Callable[[], None]) -> float:
    def once() -> float:
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    return min(once() for _ in range(3))


def _walk(book: Registry) -> None:
    with book.inspection() as uow:
        for head in uow.audit.heads():
            rows = uow.audit.rows(site=head.site, trial=head.trial)
            assert first_break(rows, head=head) is None


def _verify(book: Registry) -> None:
    with book.inspection() as uow:
        assert not [r for r in verify_audit(uow) if r.break_ is not None]


def _anchor(book: Registry) -> None:
    with book.inspection() as uow:
        anchor_audit(uow, at=NOON)


def _look_often(book: Registry, rows: int) -> None:
    with book.transaction() as uow:
        for number in range(rows):
            uow.audit.append(
                AuditEntry(
                    site=SITE,
                    trial="",
                    action=AuditAction.IDENTITY_OPENED,
                    actor="coordinator",
                    at=NOON,
                    subject=f"p{number}",
                    detail={"reason": "a made-up look", "number": number},
                )
            )


def _deviate_often(book: Registry, rows: int) -> None:
    with book.transaction() as uow:
        _register(uow, _participant())
        for _ in range(rows):
            record_deviation(
                RecordDeviation(
                    participant=CODE,
                    kind="treatment",
                    important=False,
                    happened_at=NOON,
                    description="made up",
                    actor="nurse",
                    at=NOON,
                ),
                uow,
            )


def _register(uow: UnitOfWork, participant: Participant) -> None:
    uow.participants.add(participant)
    uow.audit.append(
        AuditEntry(
            site=SITE,
            trial=TRIAL,
            action=AuditAction.PARTICIPANT_REGISTERED,
            actor="nurse",
            at=NOON,
            subject=participant.participant,
            detail={"record": record_digest(participant)},
        )
    )


def _participant() -> Participant:
    return Participant(
        participant=CODE,
        trial=TRIAL,
        site=SITE,
        patient="p1",
        number=1,
        recorded_at=NOON,
    )


if __name__ == "__main__":
    main()
