"""The groups of a message: one a patient, and in it one an order.

Structures differ by message, version and sender, so nothing is expected where the
standard has it: a segment belongs to the last PID, OBR or ORC before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from streams.adapters.hl7v2.splitter import Segment


@dataclass(slots=True)
class OrderGroup:
    """The segments about one order; `obr` None of what stands before any."""

    obr: Segment | None = None
    orc: Segment | None = None
    spm: Segment | None = None
    results: list[Segment] = field(default_factory=list)
    drugs: list[Segment] = field(default_factory=list)
    parts: list[Segment] = field(default_factory=list)
    """RXC."""
    timing: Segment | None = None
    route: Segment | None = None


class PatientGroup:
    """From one PID to the next."""

    __slots__ = ("_named", "pid", "segments")

    def __init__(self, pid: Segment) -> None:
        self.pid = pid
        self.segments = [pid]
        self._named: dict[str, list[Segment]] = {}

    def add(self, segment: Segment) -> None:
        """Take the next segment in."""
        self.segments.append(segment)
        named = self._named.get(segment.name)
        if named is None:
            self._named[segment.name] = [segment]
        else:
            named.append(segment)

    def all(self, name: str) -> Sequence[Segment]:
        """The segments of that name, in order."""
        return self._named.get(name, ())

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        named = self._named.get(name)
        return named[0] if named else None


def by_patient(segments: Sequence[Segment]) -> list[PatientGroup]:
    """The groups; what stands before the first PID tells of no patient."""
    groups: list[PatientGroup] = []
    group: PatientGroup | None = None
    for segment in segments:
        if segment.name == "PID":
            group = PatientGroup(segment)
            groups.append(group)
        elif group is not None:
            group.add(segment)
    return groups


def by_order(segments: Sequence[Segment], *, specimen_first: bool) -> list[OrderGroup]:
    """The orders of one patient.

    `specimen_first` (OUL): an SPM is that of the OBR that follow, and ORC follows OBR.
    """
    orders = _Orders(specimen_first=specimen_first)
    for segment in segments:
        take = _TAKES.get(segment.name)
        if take is not None:
            take(orders, segment)
    return [group for group in orders.groups if _told(group)]


class _Orders:
    """The orders of one patient, as their segments come."""

    def __init__(self, *, specimen_first: bool) -> None:
        self.groups = [OrderGroup()]
        self._specimen_first = specimen_first
        self._specimen: Segment | None = None
        self._pending: Segment | None = None
        """An ORC whose order is yet to come."""

    def order(self, obr: Segment) -> None:
        self.groups.append(OrderGroup(obr=obr, orc=self._pending, spm=self._specimen))
        self._pending = None

    def control(self, orc: Segment) -> None:
        group = self.groups[-1]
        if self._specimen_first and group.obr is not None and group.orc is None:
            group.orc = orc
        else:
            self._pending = orc

    def specimen(self, spm: Segment) -> None:
        group = self.groups[-1]
        of_order = group.obr is not None and group.spm is None and not group.results
        if not self._specimen_first or of_order:
            group.spm = group.spm or spm
        else:
            self._specimen = spm
            self.groups.append(OrderGroup(spm=spm))

    def result(self, obx: Segment) -> None:
        self.groups[-1].results.append(obx)

    def drug(self, segment: Segment) -> None:
        self._open().drugs.append(segment)

    def part(self, rxc: Segment) -> None:
        self.groups[-1].parts.append(rxc)

    def timing(self, tq1: Segment) -> None:
        group = self._open()
        group.timing = group.timing or tq1

    def route(self, rxr: Segment) -> None:
        group = self.groups[-1]
        group.route = group.route or rxr

    def _open(self) -> OrderGroup:
        """The order that the last ORC began."""
        if self._pending is not None:
            self.groups.append(OrderGroup(orc=self._pending))
            self._pending = None
        return self.groups[-1]


_TAKES: dict[str, Callable[[_Orders, Segment], None]] = {
    "OBX": _Orders.result,
    "OBR": _Orders.order,
    "ORC": _Orders.control,
    "SPM": _Orders.specimen,
    "TQ1": _Orders.timing,
    "RXR": _Orders.route,
    "RXC": _Orders.part,
    **dict.fromkeys(("RXO", "RXE", "RXD", "RXA"), _Orders.drug),
}


def _told(group: OrderGroup) -> bool:
    return bool(group.obr or group.results or group.drugs)
