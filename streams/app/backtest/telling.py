"""Puts what history came to into the published report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from streams.app.backtest.judging import Judged
from streams.clinical.feasibility.counting import DomainCounts
from streams.clinical.feasibility.numbers import spelled
from streams.clinical.feasibility.rates import MONTH, Rate, monthly
from streams.clinical.feasibility.report import (
    Backtest,
    DomainReport,
    Flow,
    Moved,
    Number,
    Recruitment,
)
from streams.vocabulary.protocol import Domain, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What is known of the time the data cover."""

    shifted: bool
    """The dates are no dates of the calendar: no span can be read from them."""
    declared: timedelta | None = None
    """The span as somebody gave it; it goes before what the dates say."""
    uptake: float = 1.0
    """The share of possible patients taken to be randomised."""


def report(
    protocol: Protocol,
    judged: Judged,
    calendar: Calendar,
    *,
    source: str,
    software_version: str,
) -> Backtest:
    """The whole report of the protocol, as it was written."""
    return Backtest(
        protocol=protocol.id,
        version=protocol.version,
        protocol_hash=protocol.digest,
        title=protocol.title,
        evidence=protocol.evidence,
        software_version=software_version,
        definitions=tuple(" ".join(told) for told in sorted(judged.definitions)),
        source=source,
        shifted_dates=calendar.shifted,
        first_admission=judged.first,
        last_admission=judged.last,
        domains=tuple(
            _domain(judged, domain, calendar)
            for domain in protocol.domains
            if domain.id in judged.domains
        ),
    )


def _domain(judged: Judged, domain: Domain, calendar: Calendar) -> DomainReport:
    counts = judged.domains[domain.id]
    return DomainReport(
        domain=domain.id,
        title=domain.title,
        flow=_flow(judged, counts),
        attrition=counts.attrition(),
        missing=counts.missing(),
        asked=counts.asked(),
        times=counts.times(),
        reached=counts.reached(),
        recruitment=tuple(_recruitment(judged, counts, calendar)),
        sensitivity=tuple(_sensitivity(judged, domain.id)),
        unmoved=tuple(n for of, n in judged.plan.unmoved if of == domain.id),
    )


def _flow(judged: Judged, counts: DomainCounts) -> Flow:
    return Flow(
        in_database=Number(stays=judged.in_hospital.stays, patients=judged.patients),
        screened_by_algorithm=counts.screened.number(),
        in_window=counts.in_window.number(),
        flagged=counts.flagged.number(),
        eligible_without_asking=counts.eligible.number(),
    )


def _recruitment(
    judged: Judged, counts: DomainCounts, calendar: Calendar
) -> Iterator[Recruitment]:
    months, reckoned = _span(judged, calendar)
    for site in sorted({*judged.stays, *counts.recruits}):
        moments = counts.recruits.get(site, [])
        dated = None if calendar.shifted else judged.first
        rate = monthly(moments, start=dated, months=months) if months else None
        yield Recruitment(
            site=site,
            possible=len(moments),
            eligible=counts.eligible_patients[site],
            months=months,
            reckoned=reckoned,
            uptake=calendar.uptake,
            **_told(rate, calendar.uptake),
            dispersion=None if rate is None else rate.dispersion,
            per_1000_stays=_per_thousand(len(moments), judged.stays[site]),
        )


def _span(judged: Judged, calendar: Calendar) -> tuple[float | None, str]:
    """The months the data cover, and how that was reckoned."""
    if calendar.declared is not None:
        return calendar.declared / MONTH, "as declared by --span"
    if calendar.shifted:
        return None, (
            "unknown: the source's dates are shifted, each patient's by another span; "
            "declare it with --span"
        )
    if judged.first is None or judged.last is None or judged.first == judged.last:
        return None, "unknown: fewer than two admissions are dated"
    return (judged.last - judged.first) / MONTH, _BY_ITS_DATES


def _told(rate: Rate | None, uptake: float) -> dict[str, float | None]:
    if rate is None:
        return {"per_month": None, "low": None, "high": None}
    return {
        "per_month": rate.per_month * uptake,
        "low": rate.low * uptake,
        "high": rate.high * uptake,
    }


def _per_thousand(possible: int, stays: int) -> float | None:
    return 1000 * possible / stays if stays else None


def _sensitivity(judged: Judged, domain: str) -> Iterator[Moved]:
    for variant in judged.plan.variants:
        if variant.domain == domain:
            shift = variant.shift
            yield Moved(
                line=variant.line,
                place=spelled(shift.number.place),
                what=shift.number.what,
                step=shift.step,
                written=str(shift.number),
                moved=str(shift),
                possible=judged.possible[variant],
                gained=judged.gained[variant],
                lost=judged.lost[variant],
            )


_BY_ITS_DATES = (
    "from the first admission in the data to the last, the dates taken at their word"
)
