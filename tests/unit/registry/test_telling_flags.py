"""Flags by several definitions, as `ember explain` and `ember query onsets` tell them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from typer.testing import CliRunner

from registry.app.commands.query import app
from registry.app.explanation import Explanation
from registry.app.telling import lines
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.record_onset import RecordOnset, record_onset
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.messages import SepsisOnset


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANCHORING = SepsisOnset(
    message_id="1",
    site="s",
    patient="p",
    happened_at=NOON,
    known_at=NOON + timedelta(hours=2),
    source="detect",
    provenance="simulated",
    flag_id="f1",
    revision=0,
    status="provisional",
    definition="sepsis3",
    definition_version="1.0",
    policy="ember",
    episode="e1",
    score=4,
    score_lower=4,
    score_upper=9,
    baseline=0,
    evidence=("lab",),
    missing=("gcs",),
)
EVENT = replace(
    ANCHORING,
    message_id="2",
    flag_id="f2",
    definition="ase",
    definition_version="2018-03",
    policy="toolkit",
    **dict.fromkeys(("score", "score_lower", "score_upper", "baseline")),
    missing=(),
)
CHILD = replace(
    ANCHORING,
    message_id="3",
    flag_id="f3",
    definition="phoenix_sepsis",
    baseline=None,
    missing=("gcs",),
)


def explained(*flags):
    told = Explanation(
        site="s",
        patient="p",
        facts=1,
        clock=NOON,
        flags=flags,
        screenings=(),
        history=(),
        outcomes=(),
        roster=(),
        answers=(),
        consents=(),
        randomisations=(),
        alerts=(),
        wordings={},
        evidence={"lab": "platelets 40"},
    )
    return "\n".join(lines(told))


def test_a_sepsis_3_flag_tells_its_sofa_and_baseline():
    text = explained(ANCHORING)
    assert "SOFA 4, with what is missing between 4 and 9; baseline 0" in text
    assert "never seen in the 24 h: gcs" in text
    assert "beside" not in text


def test_a_flag_without_a_score_tells_the_events_and_that_it_moves_nothing():
    text = explained(EVENT)
    assert "Sepsis flag (ase by policy toolkit): PROVISIONAL" in text
    assert "because platelets 40" in text
    assert "opens no window and alerts nobody" in text
    assert "SOFA" not in text


def test_a_score_that_is_not_sofa_is_not_called_so():
    text = explained(CHILD)
    assert "  score 4, with what is missing between 4 and 9\n" in text
    assert "not known: gcs" in text
    assert "SOFA" not in text


def test_onsets_are_asked_for_by_definition(tmp_path):
    url = f"sqlite:///{tmp_path}/r.sqlite"
    migrate(url)
    book = open_registry(url)
    for flag in (ANCHORING, EVENT):
        with book.transaction() as uow:
            record_onset(RecordOnset(message=flag, recorded_at=NOON), uow)
    book.close()

    def told(*words):
        done = CliRunner().invoke(app, ["onsets", "--registry", url, *words])
        assert done.exit_code == 0, done.output
        return done.output

    both = told()
    assert both.index("definition") < both.index("policy")
    assert "4 (4-9)" in both
    assert "sepsis3" not in told("--definition", "ase")
    assert told("--definition", "sep1") == (
        "No onsets by sep1; flags there are by: ase, sepsis3.\n"
    )
    assert told("--definition", "sep1", "--json").strip() == "[]"
    for more in ((), ("--json",)):
        asked = ["onsets", "--registry", url, "--definition", "asse", *more]
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 1
        assert isinstance(done.exception, SettingsError)
        assert str(done.exception) == (
            "EMB-402: There is no definition 'asse' that can be flagged. Use one of: "
            "ase, bse, phoenix_sepsis, sep1, sep1_shock, sepsis3, septic_shock, "
            "suspected_infection."
        )
