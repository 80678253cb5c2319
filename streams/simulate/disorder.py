"""What goes wrong between the bedside and the reader: corrected, withdrawn, doubled.

Late and overtaking messages are made where the notes are (`chart.Chart.note`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from streams.simulate.chart import Chart, Note
from streams.vocabulary.events import Cancellation, Correction, Measurement
from streams.vocabulary.messages import EhrMessage


def revise_reports(chart: Chart) -> None:
    """Correct or withdraw some laboratory reports, hours after they came out."""
    config, luck = chart.config, chart.luck
    reports = [note for note in chart.notes if note.source == "laboratory"]
    for report in reports:
        drawn = luck.uniform()
        if drawn < config.corrected_share:
            _correct(chart, report)
        elif drawn < config.corrected_share + config.cancelled_share:
            _withdraw(chart, report)


def deliver_twice(chart: Chart, messages: list[EhrMessage]) -> list[EhrMessage]:
    """Some messages again, minutes later: the same ids, a later receipt."""
    luck, share = chart.luck, chart.config.duplicate_share
    return [_again(m, luck.between(5, 1800)) for m in messages if luck.happens(share)]


def _revision(chart: Chart, report: Note) -> Note:
    """A note that speaks of a report: made after it was issued, perhaps overtaking."""
    made = report.issued_at + timedelta(seconds=int(chart.luck.between(600, 30_000)))
    return chart.note("laboratory", made, 30)


def _correct(chart: Chart, report: Note) -> None:
    """One value of the report, a tenth to a third off, is set right."""
    numbers = [
        e
        for e in report.events
        if isinstance(e, Measurement) and e.value and e.comparator is None
    ]
    if not numbers:
        return
    wrong = chart.luck.one_of(numbers)
    note = _revision(chart, report)
    digits = 0 if float(wrong.value or 0).is_integer() else 2
    factor = chart.luck.one_of((0.97, 0.98, 1.02, 1.03))
    right = replace(
        wrong,
        value=round(float(wrong.value or 0) * factor, digits),
        version=1,
        status="corrected",
        known_at=note.known_at,
    )
    note.add(
        Correction,
        corrects=wrong.event_id,
        event=right,
        version=1,
        reason="corrected by the laboratory",
    )


def _withdraw(chart: Chart, report: Note) -> None:
    """All of a report: the tube was another patient's."""
    note = _revision(chart, report)
    for event in report.events:
        note.add(
            Cancellation,
            cancels=event.event_id,
            version=1,
            reason="wrong patient's tube",
        )


def _again(message: EhrMessage, seconds: float) -> EhrMessage:
    known = message.known_at + timedelta(seconds=int(seconds))
    events = tuple(replace(event, known_at=known) for event in message.events)
    return replace(message, known_at=known, events=events)
