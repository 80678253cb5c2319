import io

import pytest

from streams.adapters.intake import IntakeReport, Rejection, SourcedEvent
from streams.app.history.account import account, counted, tell_never_met
from streams.app.history.sources import History, named
from streams.app.history.watching import EVERY, Line, watched
from streams.vocabulary.errors import ErrorCode, InputError


def rejected(count):
    report = IntakeReport(rejections_kept=30)
    report.table("t").mapped = 100 * count
    for line in range(count):
        report.reject(
            "t",
            Rejection(
                file="t",
                line=line + 2,
                column="x",
                code=ErrorCode.MALFORMED_NUMBER,
                reason="no number",
            ),
        )
    return report


def told(report):
    out = io.StringIO()
    account(report, out)
    return out.getvalue()


def test_the_first_rejections_of_each_sort_are_told_and_all_counted():
    report = rejected(25)
    report.reject(
        "t",
        Rejection(
            file="u", line=7, column="y", code=ErrorCode.MALFORMED_NUMBER, reason="none"
        ),
    )
    text = told(report)
    assert text.count("rejected EMB-105: t, line ") == 10
    assert "rejected EMB-105, column x: 15 more like these" in text
    assert "rejected EMB-105: u, line 7, column y: none" in text
    assert "26 rows rejected: 26 EMB-105" in text


def test_how_far_a_reading_is_stands_in_one_line_on_a_terminal_alone():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    report, out = rejected(3), Terminal()
    report.table("t").read = 12_345
    report.place = "t", 7, 40_000
    line = Line(out)
    events = [SourcedEvent("p", "t", None)] * (EVERY + 1)
    assert list(watched(events, report, line.watch)) == events
    line.clear()
    told_there = out.getvalue()
    assert told_there.startswith("\rt, file 7 of 40,000: 12,345 rows, 0 events")
    assert told_there.endswith(" \r")
    assert Line(io.StringIO()).watch is None


def test_what_is_beyond_the_limit_is_said_to_be_there():
    text = told(rejected(40))
    assert "40 rows rejected" in text
    assert "The last 10 are counted and not told one by one." in text


def test_other_content_of_the_same_size_is_another_history(tmp_path):
    file = tmp_path / "hosp" / "labevents.csv"
    file.parent.mkdir()
    file.write_text("itemid\n50912\n")
    history = History("mimic-iv", tmp_path)
    before = history.fingerprint("rules")
    assert history.fingerprint("rules") == before
    file.write_text("itemid\n50911\n")
    assert history.fingerprint("rules") != before


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 patients"), (1, "1 patient"), (2, "2 patients")]
)
def test_one_is_told_in_the_singular(number, told):
    assert counted(number, "patient") == told


def test_one_rejected_row_is_a_row():
    assert "1 row rejected: 1 EMB-105" in told(rejected(1))


def of(mimic, *subjects):
    mimic.add("hosp/patients", subject_id=7, anchor_age=50, anchor_year=2150).write()
    return History("mimic-iv", mimic.folder, frozenset(subjects))


def test_subjects_of_whom_the_source_tells_nothing_are_an_error_that_names_them(mimic):
    history = of(mimic, "42", "41")
    with pytest.raises(InputError) as fault:
        list(history.timelines(IntakeReport()))
    assert fault.value.code is ErrorCode.UNKNOWN_PATIENT
    assert "nothing of the subjects asked for: 41, 42." in str(fault.value)


def test_one_subject_that_is_there_is_read_and_the_others_are_named(mimic):
    history, out = of(mimic, "7", "42"), io.StringIO()
    assert [patient for patient, _ in history.timelines(IntakeReport())] == ["7"]
    tell_never_met(history, out)
    assert out.getvalue() == "Not in the data: subjects 42.\n"


def test_of_many_subjects_the_first_are_named_and_the_rest_counted():
    many = [str(number) for number in range(100, 123)]
    assert named(many) == f"{', '.join(many[:20])} and 3 more"
    assert named(many[:20]) == ", ".join(many[:20])
