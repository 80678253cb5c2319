"""The account of a run is complete in numbers and bounded in memory."""

from __future__ import annotations

from dataclasses import replace

from streams.adapters.intake import IntakeReport, Rejection, TableCounts
from streams.vocabulary.errors import ErrorCode


def rejection(line: int) -> Rejection:
    return Rejection(
        file="icu/chartevents",
        line=line,
        column="valuenum",
        code=ErrorCode.IMPOSSIBLE_VALUE,
        reason="A pH of 70 is physically impossible.",
        cure="Correct it at the source.",
    )


def test_a_rejection_tells_where_and_why():
    assert str(rejection(9)) == (
        "EMB-106: icu/chartevents, line 9, column valuenum: "
        "A pH of 70 is physically impossible. Correct it at the source."
    )


def test_a_message_is_told_by_its_number_among_all_and_its_place():
    one = Rejection(
        file="b.hl7",
        line=300,
        column="PID[1]-3",
        code=ErrorCode.NO_PATIENT,
        reason="No identifier of a patient can be used.",
        counts="messages",
    )
    told = "No identifier of a patient can be used."
    assert str(one) == f"EMB-123: b.hl7, message 300 of all, PID[1]-3: {told}"
    late = replace(one, file="(what waited)", line=0, column="Observation")
    assert str(late) == f"EMB-123: (what waited), Observation: {told}"


def test_all_rejections_are_counted_and_the_first_are_kept_in_full():
    report = IntakeReport(rejections_kept=3)
    report.table("icu/chartevents").mapped = 100
    for line in range(10):
        report.reject("icu/chartevents", rejection(line))
    assert [r.line for r in report.rejections] == [0, 1, 2]
    assert report.rejected == 10
    assert report.table("icu/chartevents").rejected == {ErrorCode.IMPOSSIBLE_VALUE: 10}


def test_a_column_of_garbage_does_not_fill_memory():
    counts = TableCounts()
    for code in range(20_000):
        counts.leave_unmapped(str(code))
    assert len(counts.unmapped) <= 10_001
    assert counts.unmapped.total() == 20_000
    assert counts.unmapped["0"] == 1
