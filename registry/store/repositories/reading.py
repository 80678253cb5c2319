"""Reading what somebody may have written past the application."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from registry.domain.audit import UnreadableRecordError


ParametersT = ParamSpec("ParametersT")
ReadT = TypeVar("ReadT")

UNREADABLE = (ValueError, TypeError, LookupError, SQLAlchemyError)
"""What columns that hold no moment, no text or no member of their set run into."""


def telling_unreadable(
    read: Callable[ParametersT, ReadT],
) -> Callable[ParametersT, ReadT]:
    """The same read; raises `UnreadableRecordError` for what no act ever writes."""

    @wraps(read)
    def told(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> ReadT:
        try:
            return read(*args, **kwargs)
        except UNREADABLE as fault:
            raise UnreadableRecordError(str(fault)) from fault

    return told
