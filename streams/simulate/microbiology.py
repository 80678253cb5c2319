"""Cultures: collected with the suspicion, read after a day, final after two or three."""

from __future__ import annotations

from datetime import timedelta

from streams.simulate.chart import Chart
from streams.simulate.pathogens import CONTAMINANT, SPECIMENS, Pathogen
from streams.vocabulary.events import (
    Cancellation,
    CultureCollected,
    CultureResult,
    Susceptibility,
)


def chart_microbiology(chart: Chart) -> None:
    """Collect and read what a suspicion of infection asks for."""
    suspected = chart.patient.course.suspected
    if suspected is None:
        return
    drawn = min(
        suspected + chart.luck.between(0.1, 0.8), chart.patient.course.ends - 0.1
    )
    infection = chart.patient.course.infection
    other = SPECIMENS[infection.source] if infection else "URINE"
    _specimen(chart, 0, "BLOOD CULTURE", drawn)
    _specimen(chart, 1, other, drawn + 0.2)
    again = suspected + chart.luck.between(20, 30)
    if infection is not None and again < chart.patient.course.ends - 1:
        _specimen(chart, 2, "BLOOD CULTURE", again)


def _specimen(chart: Chart, number: int, name: str, hour: float) -> None:
    """One specimen; a lost one is cancelled and taken again an hour later."""
    culture_id = f"{chart.patient.name}-c{number}"
    hour = min(hour, chart.patient.course.ends - 0.05)
    collected_id = _collect(chart, culture_id, name, hour)
    again = hour + chart.luck.between(0.8, 1.6)
    room = again < chart.patient.course.ends - 0.2
    if room and chart.luck.happens(chart.config.cancelled_share):
        _cancel(chart, collected_id, again - 0.2)
        culture_id += "r"
        _collect(chart, culture_id, name, again)
        hour = again
    organism = _grown(chart, number)
    _preliminary(chart, culture_id, hour, organism)
    _final(chart, culture_id, hour, organism)


def _collect(chart: Chart, culture_id: str, specimen: str, hour: float) -> str:
    lag = chart.config.medication_lag.seconds(chart.luck.gauss())
    note = chart.note("microbiology", chart.patient.moment(hour), lag)
    event = note.add(CultureCollected, culture_id=culture_id, specimen=specimen)
    return event.event_id


def _cancel(chart: Chart, event_id: str, hour: float) -> None:
    note = chart.note("microbiology", chart.patient.moment(hour), 60)
    note.add(Cancellation, cancels=event_id, version=1, reason="specimen lost")


def _grown(chart: Chart, number: int) -> Pathogen | str | None:
    """The organism, a contaminant's name, or nothing."""
    infection = chart.patient.course.infection
    # The first blood culture or the specimen of the source; treated blood seldom grows.
    share = (0.55, 0.75, 0.15)[number]
    if infection is not None and infection.grows and chart.luck.happens(share):
        return infection.pathogen
    return CONTAMINANT if number != 1 and chart.luck.happens(0.03) else None


def _result(chart: Chart, hour: float, lag: float, **fields: object) -> None:
    """The laboratory knows when it reads the plate, `lag` seconds after collection."""
    read = chart.patient.moment(hour) + timedelta(seconds=int(lag))
    filed = chart.config.desk_lag.seconds(chart.luck.gauss())
    chart.note("microbiology", read, filed).add(CultureResult, **fields)


def _preliminary(
    chart: Chart, culture_id: str, hour: float, organism: Pathogen | str | None
) -> None:
    lag = chart.config.culture_preliminary.seconds(chart.luck.gauss())
    _result(
        chart, hour, lag, culture_id=culture_id, status="preliminary",
        positive=organism is not None, test="GRAM STAIN",
    )  # fmt: skip


def _final(
    chart: Chart, culture_id: str, hour: float, organism: Pathogen | str | None
) -> None:
    lag = chart.config.culture_final.seconds(chart.luck.gauss())
    if chart.luck.happens(chart.config.late_share):
        lag += 3 * chart.config.late_by.seconds(chart.luck.gauss())
    name = organism.name if isinstance(organism, Pathogen) else organism
    _result(
        chart, hour, lag, culture_id=culture_id, status="final",
        positive=organism is not None, organism=name, test="CULTURE",
        susceptibilities=_susceptibilities(chart, organism),
    )  # fmt: skip


def _susceptibilities(
    chart: Chart, organism: Pathogen | str | None
) -> tuple[Susceptibility, ...]:
    """One isolate has one answer, however many specimens it grows from."""
    if not isinstance(organism, Pathogen):
        return ()
    # The isolate's own digits decide, so that two specimens never disagree.
    draw = (chart.patient.number * 7919 % 1000) / 1000
    return tuple(
        Susceptibility(antimicrobial=drug, interpretation="S" if draw < share else "R")
        for drug, share in organism.susceptible
    )
