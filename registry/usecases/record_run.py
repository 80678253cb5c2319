"""Log one run of a replay: the only trace a second run of the same history leaves."""

from __future__ import annotations

from registry.usecases.ports import UnitOfWork
from registry.usecases.records import Run


RecordRun = Run
"""The command is the record itself."""


def record_run(command: RecordRun, uow: UnitOfWork) -> None:
    """Append it."""
    uow.stream.add_run(command)
