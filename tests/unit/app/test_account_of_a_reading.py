import io

from streams.adapters.intake import IntakeReport, Rejection
from streams.app.account import account
from streams.app.sources import History
from streams.vocabulary.errors import ErrorCode


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


def test_every_rejection_that_was_kept_is_told_and_counted_by_code():
    text = told(rejected(25))
    assert text.count("rejected EMB-105: t, line ") == 25
    assert "25 rows rejected: 25 EMB-105" in text


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
