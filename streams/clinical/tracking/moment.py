"""A moment that moves with the clock, and notes until when what it was asked holds.

A rule is a function of a timeline and of a moment.  Handed this instead of a plain
`datetime`, the rule says what it always says; but each time it compares the moment
with a fact's, or reads its year, the watch notes when time alone would make that come
out differently.  So nobody has to tell of any rule how long its answer holds: the rule
itself does, and it cannot forget a window.

What the watch cannot foresee (a length of time as a number, a moment in words) holds
for this very instant only: such a rule is evaluated whenever time moves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Self

from streams.clinical.scores.hours import TICK


NEVER = datetime.max.replace(tzinfo=UTC)
"""Later than any moment at which somebody looks."""

_NOTHING = timedelta()


class Watch:
    """The clock of one patient, and until when what has been asked since holds."""

    __slots__ = ("_moments", "now", "until")

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.until = NEVER
        """The first moment at which something that was asked may come out otherwise."""
        self._moments: dict[timedelta, Moment] = {}

    def move(self, now: datetime) -> None:
        """Time has passed."""
        self.now = now
        self._moments = {}

    def turns_in(self, wait: timedelta) -> None:
        """Something that was asked may come out otherwise after this length of time.

        What lies back turns no more.
        """
        if wait < _NOTHING:
            return
        try:
            turn = self.now + (wait or TICK)
        except OverflowError:
            return
        self.until = min(self.until, turn)

    def turns_at_once(self) -> None:
        """What was asked holds for this instant only."""
        self.turns_in(TICK)

    def moment(self, offset: timedelta = _NOTHING) -> Moment:
        """So long after now, as a moment that moves."""
        made = self._moments.get(offset)
        if made is None:
            made = Moment.of(self, self.now + offset, offset)
            self._moments[offset] = made
        return made


def _asked(how: Callable[[Any, Any], Any]) -> Callable[[Moment, object], Any]:
    """A comparison of a moment; with another that moves it never comes out otherwise."""

    def told(self: Moment, other: object) -> Any:  # noqa: ANN401 - bool or NotImplemented
        plain = self.plain
        if isinstance(other, Moment):
            return how(plain, other.plain)
        if isinstance(other, datetime) and other >= plain:
            self.watch.turns_in(other - plain)
        return how(plain, other)

    return told


def _read(what: Callable[[datetime], Any]) -> Any:  # noqa: ANN401 - stands for many types
    """A reading of the calendar that nobody foresees."""

    def told(self: Moment) -> Any:  # noqa: ANN401 - as above
        self.watch.turns_at_once()
        return what(self.plain)

    return told


class Moment(datetime):
    """So long after now, always; as a `datetime` it is that of the watch's `now`.

    It lives as long as one evaluation: `plain` does not move when the watch does.
    """

    name: tuple[str, timedelta]
    """What tells it from another, whatever the clock says: how far it is from now."""
    offset: timedelta
    plain: datetime
    watch: Watch

    @classmethod
    def of(cls, watch: Watch, plain: datetime, offset: timedelta) -> Self:
        """`plain` is the watch's `now` and `offset`."""
        made = cls.__new__(
            cls,
            plain.year,
            plain.month,
            plain.day,
            plain.hour,
            plain.minute,
            plain.second,
            plain.microsecond,
            plain.tzinfo,
        )
        made.watch, made.plain, made.offset = watch, plain, offset
        made.name = ("moment", offset)
        return made

    __lt__ = _asked(lt)
    __le__ = _asked(le)
    __gt__ = _asked(gt)
    __ge__ = _asked(ge)
    __eq__ = _asked(eq)
    __ne__ = _asked(ne)

    def __hash__(self) -> int:
        """That of the plain moment, so it holds for this instant only."""
        self.watch.turns_at_once()
        return hash(self.plain)

    def __add__(self, wait: timedelta) -> Moment:
        """So much later, and moving as this does."""
        if isinstance(wait, Span):
            self.watch.turns_at_once()
            wait = wait.plain
        if self.plain.tzinfo is UTC:
            return self.watch.moment(self.offset + wait)
        return self.of(self.watch, self.plain + wait, self.offset + wait)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:  # noqa: ANN401 - datetime's own overloads
        """So much earlier; or how long since another moment."""
        if isinstance(other, Moment):
            return self.plain - other.plain
        if isinstance(other, datetime):
            return Span.of(self.watch, self.plain - other, grows=True)
        return self + -other

    def __rsub__(self, other: datetime) -> Any:  # noqa: ANN401 - as above
        """How long until another moment."""
        return Span.of(self.watch, other - self.plain, grows=False)

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        """The same moment on another clock."""
        return type(self).of(self.watch, self.plain.astimezone(tz), self.offset)

    @property
    def year(self) -> int:
        """It turns with the year."""
        year = self.plain.year
        turn = datetime(year + 1, 1, 1, tzinfo=self.plain.tzinfo)
        self.watch.turns_in(turn - self.plain)
        return year

    def date(self) -> date:
        """It turns with the day."""
        day = self.plain.date()
        midnight = datetime.combine(day + timedelta(1), time.min, self.plain.tzinfo)
        self.watch.turns_in(midnight.astimezone(UTC) - self.plain.astimezone(UTC))
        return day

    month = property(_read(lambda at: at.month))
    day = property(_read(lambda at: at.day))
    hour = property(_read(lambda at: at.hour))
    minute = property(_read(lambda at: at.minute))
    second = property(_read(lambda at: at.second))
    microsecond = property(_read(lambda at: at.microsecond))
    time = _read(datetime.time)
    timetz = _read(datetime.timetz)
    timestamp = _read(datetime.timestamp)
    timetuple = _read(datetime.timetuple)
    utctimetuple = _read(datetime.utctimetuple)
    toordinal = _read(datetime.toordinal)
    weekday = _read(datetime.weekday)
    isoweekday = _read(datetime.isoweekday)
    isocalendar = _read(datetime.isocalendar)
    ctime = _read(datetime.ctime)
    __str__ = _read(str)
    __repr__ = _read(repr)

    def replace(self, *parts: Any, **named: Any) -> datetime:  # type: ignore[override]  # noqa: ANN401
        """Another moment, which does not move."""
        self.watch.turns_at_once()
        return self.plain.replace(*parts, **named)

    def isoformat(self, *how: Any, **named: Any) -> str:  # noqa: ANN401 - datetime's own
        """In words, for this instant."""
        self.watch.turns_at_once()
        return self.plain.isoformat(*how, **named)

    def strftime(self, form: str) -> str:
        """In words, for this instant."""
        self.watch.turns_at_once()
        return self.plain.strftime(form)

    __format__ = strftime

    def __reduce_ex__(self, protocol: Any) -> Any:  # noqa: ANN401 - as `object` has it
        """A copy does not move."""
        self.watch.turns_at_once()
        return self.plain.__reduce_ex__(protocol)


def _measured(how: Callable[[Any, Any], Any]) -> Callable[[Span, object], Any]:
    """A comparison of a length that grows or shrinks with the clock."""

    def told(self: Span, other: object) -> Any:  # noqa: ANN401 - bool or NotImplemented
        if isinstance(other, Span):
            self.watch.turns_at_once()
            return how(self.plain, other.plain)
        if isinstance(other, timedelta):
            wait = other - self.plain
            self.watch.turns_in(wait if self.grows else -wait)
        return how(self.plain, other)

    return told


def _counted(what: Callable[..., Any]) -> Any:  # noqa: ANN401 - stands for many types
    """A number made of the length, which nobody foresees."""

    def told(self: Span, *others: Any) -> Any:  # noqa: ANN401 - as above
        self.watch.turns_at_once()
        plain = [o.plain if isinstance(o, Span) else o for o in others]
        return what(self.plain, *plain)

    return told


class Span(timedelta):
    """How long from a fixed moment to one that moves, or the other way round."""

    grows: bool
    plain: timedelta
    watch: Watch

    @classmethod
    def of(cls, watch: Watch, plain: timedelta, *, grows: bool) -> Self:
        """`plain` is its length now."""
        made = cls.__new__(cls, plain.days, plain.seconds, plain.microseconds)
        made.watch, made.plain, made.grows = watch, plain, grows
        return made

    __lt__ = _measured(lt)
    __le__ = _measured(le)
    __gt__ = _measured(gt)
    __ge__ = _measured(ge)
    __eq__ = _measured(eq)
    __ne__ = _measured(ne)

    def __add__(self, other: timedelta) -> Any:  # noqa: ANN401 - a moment too
        """A longer one, that moves as this does."""
        if isinstance(other, Span) or not isinstance(other, timedelta):
            self.watch.turns_at_once()
            return self.plain + getattr(other, "plain", other)
        return type(self).of(self.watch, self.plain + other, grows=self.grows)

    __radd__ = __add__

    def __sub__(self, other: timedelta) -> Any:  # noqa: ANN401 - as above
        """A shorter one, that moves as this does."""
        return self + -other

    def __rsub__(self, other: timedelta) -> Any:  # noqa: ANN401 - as above
        """What is left of `other`."""
        return -self + other

    def __neg__(self) -> Self:
        """The same length the other way."""
        return type(self).of(self.watch, -self.plain, grows=not self.grows)

    def __floordiv__(self, other: Any) -> Any:  # noqa: ANN401 - timedelta's overloads
        """How many whole `other` it holds: known until the next is full."""
        if not isinstance(other, timedelta) or isinstance(other, Span):
            return self._floor(other)
        rest = self.plain % other
        self.watch.turns_in(other - rest if self.grows else rest)
        return self.plain // other

    _floor = _counted(lambda span, other: span // other)
    __hash__ = _counted(hash)
    __bool__ = _counted(bool)
    __abs__ = _counted(abs)
    __pos__ = _counted(lambda span: span)
    __truediv__ = _counted(lambda span, other: span / other)
    __mul__ = _counted(lambda span, other: span * other)
    __rmul__ = __mul__
    __mod__ = _counted(lambda span, other: span % other)
    __divmod__ = _counted(divmod)
    __rtruediv__ = _counted(lambda span, other: other / span)
    __rfloordiv__ = _counted(lambda span, other: other // span)
    __rmod__ = _counted(lambda span, other: other % span)
    __rdivmod__ = _counted(lambda span, other: divmod(other, span))
    __reduce__ = _counted(lambda span: span.__reduce__())
    __repr__ = _counted(repr)
    __str__ = _counted(str)
    days = property(_counted(lambda span: span.days))
    seconds = property(_counted(lambda span: span.seconds))
    microseconds = property(_counted(lambda span: span.microseconds))
    total_seconds = _counted(timedelta.total_seconds)
