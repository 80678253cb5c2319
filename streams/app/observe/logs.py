"""Log lines as JSON that cannot tell who a patient is.

Only named fields of a known shape are written, and only text that stands in the
program: an event's name, a library's message before its values are filled in. Of an
exception its type, our error code and the place; never what it says.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import PurePath
from signal import Signals
from types import FrameType, TracebackType
from typing import Any, TextIO

import orjson
import structlog

from streams.app.observe.metric import KNOWN_VALUES, OUTCOMES, ProcessName
from streams.vocabulary.errors import EmberError, ErrorCode
from streams.vocabulary.topics import STATE_TABLES, TOPICS


WITHHELD = "(withheld)"
"""Stands where a text was no text of the program."""

LIBRARIES = ("aiokafka", "asyncio", "faust", "kafka", "mode", "sqlalchemy")
"""Loggers kept at WARNING, whatever they set for themselves."""

_TEXT = 200
_FRAMES = 40
_FRAGMENT = 8


def _one_of(*known: str) -> Callable[[object], bool]:
    return frozenset(known).__contains__


def _like(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(compiled.fullmatch(value))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, float) or _whole(value)


_CHANGELOG = rf"ember(-[a-z0-9]+)*-({'|'.join(STATE_TABLES)})-changelog"
_is_topic = _one_of(*(topic.name for topic in TOPICS))
_is_changelog = _like(_CHANGELOG)
_SHADOW = re.compile(r"shadow\.[a-z0-9-]{1,20}\.")


def _topic(value: object) -> bool:
    """A topic of the table, a shadow's copy of one, or a table's changelog."""
    if isinstance(value, str) and (shadow := _SHADOW.match(value)):
        value = value[shadow.end() :]
    return _is_topic(value) or _is_changelog(value)


FIELDS: dict[str, Callable[[object], bool]] = {
    "topic": _topic,
    "app": _like(r"ember(-[a-z0-9]{1,20})?"),
    "table": _one_of(*STATE_TABLES),
    "code": _one_of(*(code.value for code in ErrorCode)),
    "outcome": _one_of(*OUTCOMES),
    "kind": _one_of(*KNOWN_VALUES["kind"]),
    "signal": _one_of(*(signal.name for signal in Signals)),
    "version": _like(r"\d{1,4}(\.\d{1,4}){1,2}"),
    "message_id": _like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "trace_id": _like(r"[0-9a-f]{32}"),
    **dict.fromkeys(("seconds", "silent_seconds", "late_seconds"), _number),
    **dict.fromkeys(
        ("issued_from", "issued_to"),
        _like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"),
    ),
    "form": _one_of(*KNOWN_VALUES["form"]),
    **dict.fromkeys(
        (
            "partition",
            "offset",
            "next_offset",
            "count",
            "generation",
            "port",
            "attempt",
            "records",
            "events",
            "patients",
            "lag",
            "bytes",
        ),
        _whole,
    ),
}
"""The fields a line may have, and what each may look like."""


class Log:
    """The log of one process."""

    def __init__(
        self,
        process: ProcessName,
        level: str = "info",
        stream: TextIO | None = None,
        withheld: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`withheld` hears `field` or `text` for each part that may not be told."""
        self._withheld = withheld
        self._out: Any = structlog.wrap_logger(
            structlog.WriteLogger(stream or sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=_json),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            process=process,
        )

    def debug(self, event: str, **fields: object) -> None:
        """What helps to find a fault."""
        self._tell("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """What happened."""
        self._tell("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """What somebody should look at."""
        self._tell("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """What went wrong."""
        self._tell("error", event, fields)

    def failed(self, event: str, fault: BaseException, **fields: object) -> None:
        """What an exception ended; any line may have one as its field `error`."""
        self._tell("error", event, {**fields, "error": fault})

    def library(self, record: logging.LogRecord) -> None:
        """A line of the standard library's logging, as far as it may be told."""
        fault = record.exc_info[1] if record.exc_info else None
        self._write(
            _level(record.levelno),
            "library",
            {
                "logger": record.name if _LOGGER(record.name) else WITHHELD,
                "text": self._program_text(record.msg, whole=False),
            },
            fault,
        )

    def _tell(self, level: str, event: str, fields: dict[str, object]) -> None:
        fault = fields.pop("error", None)
        told = {name: value for name, value in fields.items() if _allowed(name, value)}
        for _ in range(len(fields) - len(told)):
            self._withheld("field")
        self._write(
            level,
            self._program_text(event, whole=True),
            told,
            fault if isinstance(fault, BaseException) else None,
        )

    def _write(
        self,
        level: str,
        event: str,
        told: dict[str, object],
        fault: BaseException | None,
    ) -> None:
        getattr(self._out, level)(event, **told, **_exception(fault))

    def _program_text(self, said: object, *, whole: bool) -> str:
        text = program_text(said, whole=whole)
        if text is None:
            self._withheld("text")
            return WITHHELD
        return text


_LOGGER = _like(r"[A-Za-z_][\w.]{0,80}")


def program_text(said: object, *, whole: bool) -> str | None:
    """`said`, if it is a constant of a function that is being called right now.

    Where not `whole`, a constant that it begins or ends with will do: what a library
    put values into, or a label before. None where nothing of it stands in the program.
    """
    if not isinstance(said, str):
        return None
    best = ""
    for frame in _callers():
        for text in frame.f_code.co_consts:
            if not isinstance(text, str):
                continue
            if text == said:
                return text[:_TEXT]
            if len(text) > len(best) and (said.startswith(text) or said.endswith(text)):
                best = text
    return None if whole or len(best) < _FRAGMENT else best[:_TEXT]


@contextmanager
def libraries_told(log: Log) -> Iterator[None]:
    """Send what libraries log at WARNING or above to `log` alone, while this lasts."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    named = [logging.getLogger(name) for name in LIBRARIES]
    before = [(each, each.level, each.handlers[:], each.propagate) for each in named]
    root.handlers[:] = [_ToLog(log)]
    root.setLevel(logging.WARNING)
    for each in named:
        each.setLevel(logging.WARNING)
        each.handlers[:] = []
        each.propagate = True
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for each, its_level, its_handlers, propagates in before:
            each.setLevel(its_level)
            each.handlers[:] = its_handlers
            each.propagate = propagates


class _ToLog(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.library(record)


def _allowed(name: str, value: object) -> bool:
    shape = FIELDS.get(name)
    try:
        return shape is not None and shape(value)
    except TypeError:  # a value that cannot be looked up in a set
        return False


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the stack's only door
    for _ in range(_FRAMES):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


def _exception(fault: BaseException | None) -> dict[str, object]:
    if fault is None:
        return {}
    told: dict[str, object] = {"error": type(fault).__name__}
    if isinstance(fault, EmberError):
        told["code"] = fault.code.value
    places = list(_places(fault.__traceback__))
    if places:
        ours = [place for place in places if place.startswith(_OURS)]
        told["at"] = (ours or places)[-1]
        told["deepest"] = places[-1]
    causes = [type(cause).__name__ for cause in _causes(fault)]
    return told | ({"causes": causes} if causes else {})


_OURS = ("streams/", "registry/", "migrations/")


def _places(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        yield f"{_shortened(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next


def _shortened(filename: str) -> str:
    parts = PurePath(filename).parts
    for root in ("site-packages", "python3.11"):
        if root in parts:
            return "/".join(parts[parts.index(root) + 1 :])
    for package in ("streams", "registry", "migrations"):
        if package in parts:
            return "/".join(parts[parts.index(package) :])
    return parts[-1] if parts else "?"


def _causes(fault: BaseException) -> Iterator[BaseException]:
    for _ in range(4):
        cause = fault.__cause__ or fault.__context__
        if cause is None:
            return
        yield cause
        fault = cause


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"


def _json(told: MutableMapping[str, Any], **_: object) -> str:
    return orjson.dumps(told).decode()
