"""The capability register as a page for people, and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TextIO

from streams.adapters.capability import (
    REJECTIONS_KEPT,
    CapabilityRegister,
    Delays,
    RejectedMessage,
    Unmapped,
)
from streams.adapters.site.suggestions import Suggestion, suggestions
from streams.vocabulary.clock import HOUR, iso


_SHOWN = 20
"""Lines of a table; the JSON has all."""


def summary(register: CapabilityRegister, seconds: float) -> dict[str, object]:
    """What `--json` prints: messages = mapped + filed + rejected, index from 0."""
    total = register.total()
    return {
        "messages": total.messages,
        "mapped": total.mapped,
        "filed": total.filed,
        "rejected": total.rejected,
        "unmapped_codes": len(register.unmapped),
        "events": total.events,
        "by_type": {
            kind: {
                "messages": counts.messages,
                "mapped": counts.mapped,
                "filed": counts.filed,
                "rejected": counts.rejected,
                "events": counts.events,
            }
            for kind, counts in sorted(register.types.items())
        },
        "rejections": [
            {
                "index": one.index,
                "code": one.fault.code.value,
                "reason": f"{one.fault.place}: {one.fault.reason}",
            }
            for one in register.rejections
        ],
        "seconds": round(seconds, 3),
    }


def whole(register: CapabilityRegister, seconds: float) -> dict[str, object]:
    """The summary and everything else that was counted: what `--register` writes."""
    return {
        **summary(register, seconds),
        "unmapped": [
            {
                "code": code,
                "label": found.label,
                "times": found.times,
                "units": dict(found.units.most_common()),
                "suggestions": [one.concept for one in _suggested(found)],
            }
            for code, found in _by_frequency(register)
        ],
        "units": [
            {"concept": concept, "unit": unit, "times": times}
            for (concept, unit), times in register.units.most_common()
        ],
        "concepts": dict(register.concepts.most_common()),
        "parts_left_out": dict(register.faults.most_common()),
        "flags": dict(register.flags.most_common()),
        "implausible": dict(register.implausible.most_common()),
        "delays": {
            kind: {"before": delays.before, **_bands(delays)}
            for kind, delays in sorted(register.delays.items())
        },
        "not_read": register.others,
        "gaps": [
            {"begins": iso(gap.begins), "hours": gap.hours} for gap in register.gaps()
        ],
        "silent_hours_of_day": register.silent_hours_of_day(),
        "duplicates": register.duplicates,
        "same_name_other_bytes": register.same_name_other_bytes,
    }


def tell(register: CapabilityRegister, seconds: float, out: TextIO) -> None:
    """The page, most important first."""
    for line in _page(register, seconds):
        print(line, file=out)


def _page(register: CapabilityRegister, seconds: float) -> Iterator[str]:
    total = register.total()
    what = "rows" if register.of_rows else "messages"
    yield (
        f"{total.messages:,} {what}: {total.mapped:,} mapped, {total.filed:,} filed "
        f"unread, {total.rejected:,} rejected; {total.events:,} events "
        f"({seconds:.1f} s)"
    )
    yield ""
    kinds = "table" if register.of_rows else "type"
    yield f"{kinds:<28}{what:>10}{'mapped':>10}{'filed':>10}{'rejected':>10}"
    for kind, counts in sorted(register.types.items()):
        yield (
            f"{kind:<28}{counts.messages:>10,}{counts.mapped:>10,}"
            f"{counts.filed:>10,}{counts.rejected:>10,}"
        )
    yield from _rejections(register)
    yield from _unmapped(register)
    yield from _units(register)
    yield from _times(register)
    yield from _oddities(register)


def _rejections(register: CapabilityRegister) -> Iterator[str]:
    if register.of_rows:
        yield from _rejected_rows(register)
    elif register.rejections:
        yield from ("", "Rejected, by message from 0:")
        for one in register.rejections[:_SHOWN]:
            fault = one.fault
            told = f"{fault.code} {one.place} {fault.place}: {fault.reason}"
            yield f"  {one.index:>7}  {told} {fault.cure}".rstrip()
        yield from _rest(len(register.rejections))
    if register.faults:
        told = ", ".join(f"{n:,} {code}" for code, n in register.faults.most_common())
        what = "rows" if register.of_rows else "messages"
        yield from ("", f"Parts of mapped {what} left out: {told}")


def _rejected_rows(register: CapabilityRegister) -> Iterator[str]:
    """By what is wrong, the commonest first, each with the first row of it."""
    sorts: dict[tuple[str, str], list[RejectedMessage]] = {}
    for one in register.rejections:
        sorts.setdefault((one.fault.code.value, one.fault.reason), []).append(one)
    if sorts:
        yield from ("", "Rejected, with the first row of each sort:")
    found = sorted(sorts.values(), key=lambda some: (-len(some), some[0].index))
    for some in found[:_SHOWN]:
        first, fault = some[0], some[0].fault
        told = f"{fault.code} {first.place}, {fault.place}: {fault.reason}"
        yield f"  {len(some):>7,}  {told} {fault.cure}".rstrip()
    yield from _rest(len(found))
    if len(register.rejections) >= REJECTIONS_KEPT:
        yield f"  … of the first {REJECTIONS_KEPT:,} rows that were rejected"


def _unmapped(register: CapabilityRegister) -> Iterator[str]:
    if not register.unmapped:
        return
    times = sum(found.times for found in register.unmapped.values())
    yield ""
    yield f"{len(register.unmapped):,} codes in no map, {times:,} times; kept unmapped:"
    for code, found in _by_frequency(register)[:_SHOWN]:
        units = ", ".join(unit for unit, _ in found.units.most_common(3))
        perhaps = ", ".join(one.concept for one in _suggested(found))
        told = f"  {found.times:>7,}  {code}  {found.label}"
        told += f"  [{units}]" if units else ""
        yield told + (f"  perhaps {perhaps}" if perhaps else "")
    yield from _rest(len(register.unmapped))


def _units(register: CapabilityRegister) -> Iterator[str]:
    if not register.units:
        return
    yield from ("", "Units seen:")
    for (concept, unit), times in register.units.most_common(_SHOWN):
        yield f"  {times:>7,}  {concept} in {unit or '(no unit)'}"
    yield from _rest(len(register.units))


def _times(register: CapabilityRegister) -> Iterator[str]:
    if register.delays:
        since = "known" if register.of_rows else "issued"
        yield from ("", f"From what happened to when it was {since}:")
    for kind, delays in sorted(register.delays.items()):
        bands = ", ".join(f"{n:,} {band}" for band, n in _bands(delays).items())
        before = f", {delays.before:,} BEFORE it happened" if delays.before else ""
        yield f"  {kind:<20} {bands}{before}"
    gaps = register.gaps()
    if gaps:
        yield from ("", f"{len(gaps):,} silences of an hour and more, the longest:")
        for gap in gaps[:5]:
            yield f"  {gap.hours:>5,} h from {iso(gap.begins)}"
    silent = register.silent_hours_of_day()
    if silent:
        hours = ", ".join(f"{hour:02}" for hour in silent)
        yield f"Nothing between these hours and the next (UTC): {hours}"


def _oddities(register: CapabilityRegister) -> Iterator[str]:
    for other in register.others:
        yield f"Not read: {other}"
    yield ""
    what, names_used = "rows", ""
    if not register.of_rows:
        what = "messages"
        names_used = (
            f"; {register.same_name_other_bytes:,} had the sender and id of another "
            "message, and other bytes"
        )
    yield (f"{register.duplicates:,} {what} came again byte for byte{names_used}")
    if register.implausible:
        told = ", ".join(f"{n:,} {name}" for name, n in register.implausible.items())
        yield f"Implausible values, kept and flagged: {told}"
    flags = {k: n for k, n in register.flags.items() if k != "implausible"}
    if flags:
        yield f"Flagged: {', '.join(f'{n:,} {flag}' for flag, n in flags.items())}"


def _by_frequency(register: CapabilityRegister) -> list[tuple[str, Unmapped]]:
    return sorted(register.unmapped.items(), key=lambda one: (-one[1].times, one[0]))


def _suggested(found: Unmapped) -> list[Suggestion]:
    unit = next((unit for unit, _ in found.units.most_common(1)), "")
    return suggestions(found.label, unit)


def _bands(delays: Delays) -> dict[str, int]:
    return {_band(bound): number for bound, number in delays.bands()}


def _band(bound: timedelta | None) -> str:
    if bound is None:
        return "later"
    hours = bound / HOUR
    if hours < 1:
        return f"within {bound.seconds // 60} min"
    return f"within {hours:.0f} h" if hours < 24 else f"within {hours / 24:.0f} d"


def _rest(number: int) -> Iterator[str]:
    if number > _SHOWN:
        yield f"  … and {number - _SHOWN:,} more; --register FILE writes all"
