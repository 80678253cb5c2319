"""An answer in lines, as `ember score` prints it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.app.commands.score import chosen, score
from registry.app.score_lines import lines
from registry.app.scoring import scored, timeline_known_at, with_withdrawn
from registry.app.wording import in_words
from registry.store.listings import OnsetView
from streams.clinical.catalogue.rules import rule_named
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.events import (
    Biomarker,
    Correction,
    CultureCollected,
    Encounter,
    Measurement,
    Medication,
)
from streams.vocabulary.facts import Flag


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def common(name, hour, known=None):
    at = NOON + hour * HOUR
    known_at = at if known is None else NOON + known * HOUR
    return {"event_id": name, "happened_at": at, "known_at": known_at}


def lab(name, hour, concept, value, known=None):
    told = common(name, hour, known)
    return Measurement(**told, concept=concept, value=value, encounter="7")


FACTS = [
    Encounter(
        **common("came", -2),
        encounter="7",
        phase="admitted",
        encounter_class="inpatient",
    ),
    lab("rr", 0, "resp_rate", 24.0),
    lab("sbp", 0, "sbp", 95.0),
    lab("plt", 0, "platelets", 45.0, known=1),
    lab("creat", 0, "creatinine", 3.6, known=1),
    CultureCollected(
        **common("blood", 0), encounter="7", culture_id="blood", specimen="BLOOD"
    ),
    Medication(
        **common("drug", 1),
        encounter="7",
        stage="ordered",
        sent_drug="Vancomycin",
        antimicrobial=True,
    ),
    Biomarker(
        **common("ferritin", 1),
        concept="ferritin",
        value=9000.0,
        unit="ng/mL",
        assay="elisa",
        assay_version="1",
    ),
]


def said(*names, known_at=None, zone=None, at=NOON + 3 * HOUR):
    timeline = timeline_known_at([(fact, fact.event_id) for fact in FACTS], known_at)
    asked = [(rule_named(name), rule_named(name).default) for name in names]
    told = scored(
        timeline, patient="p", asked=asked, at=at, as_known_at=known_at, zone=zone
    )
    return list(lines(told))


def test_a_score_tells_total_bounds_components_events_and_what_was_missing():
    head, blank, verdict, *rest = said("qsofa")
    assert (head, blank) == ("p at 2150-03-01 15:00 (times in UTC)", "")
    assert verdict == (
        "qsofa (version 2016, policy ember, evidence verified): TRUE, 2 "
        "(with what is missing 2 to 3)"
    )
    assert rest[0].split() == [
        *("respiratory_rate", "1", "resp_rate", "24", "/min"),
        *("(2150-03-01", "12:00)"),
    ]
    assert rest[2].split() == ["mentation", "unknown", "0-1"]
    assert rest[-1] == "  missing: consciousness"


def test_an_episode_tells_onset_state_its_own_columns_and_organs():
    told = "\n".join(said("sepsis3"))
    for words in (
        "sepsis3 (version 2016, policy ember, evidence partial): TRUE",
        "  TRUE: onset 2150-03-01 12:00, hospital stay 7",
        "    provisional, final at 2150-03-02 12:00",
        "    suspicion_at           2150-03-01 12:00",
        "    coagulation      3",
        "platelets 45 10*3/uL (2150-03-01 12:00, known 03-01 13:00)",
    ):
        assert words in told


def test_a_pair_is_told_by_its_two_events():
    told = "\n".join(said("suspected_infection"))
    assert "    culture_first          yes" in told
    assert "    by ordered: Vancomycin (2150-03-01 13:00); culture taken: BLOOD" in told


def test_a_marker_tells_its_result_and_how_long_it_speaks():
    told = "\n".join(said("mals"))
    assert "TRUE, positive" in told
    assert "9000 ng/mL" in told
    assert "stale_from" in told


def test_what_says_nothing_says_why():
    assert said("ase")[2:] == [
        "ase (version 2018-03, policy toolkit, evidence partial): UNKNOWN",
        "  missing: hospital_time_zone",
    ]
    assert "4 of 20 variables" in "\n".join(said("seneca"))


def test_a_value_without_an_upper_bound_says_so():
    told = said("norepinephrine_equivalent")[2]
    assert told.endswith("unknown ug/kg/min (with what is missing 0 to no bound)")


def test_what_was_not_known_yet_does_not_count():
    early = "\n".join(said("sepsis3", known_at=NOON + 0.5 * HOUR))
    assert "as known at 2150-03-01 12:30" in early
    assert "UNKNOWN" in early
    assert "platelets" not in early


def test_a_correction_that_came_later_leaves_the_fact_as_it_was_told_first():
    first = lab("wbc", 0, "wbc", 20.0)
    mended = lab("wbc", 0, "wbc", 2.0)
    later = Correction(
        event_id="c",
        happened_at=NOON,
        known_at=NOON + 2 * HOUR,
        version=1,
        corrects="wbc",
        event=mended,
    )
    told = [(first, "a"), (later, "b")]
    then = timeline_known_at(told, NOON + HOUR).fact("wbc")
    now = timeline_known_at(told, None).fact("wbc")
    assert (then.value, now.value) == (20.0, 2.0)


def test_columns_are_as_wide_as_the_longest_name():
    rows = [line for line in said("elixhauser") if line.startswith("  ")]
    disease = "pulmonary_circulation_disorders"
    assert any(row.startswith(f"  {disease} ") for row in rows)
    points = [re.match(r"  (\w+ +)(unknown|-?\d)", row) for row in rows]
    assert {len(found[1]) for found in points if found} == {len(disease) + 1}


def test_what_is_odd_about_a_fact_is_told_in_words():
    fact = replace(lab("wbc", 2, "wbc", 20.0), flags=(Flag.FUTURE, Flag.IMPLAUSIBLE))
    told = in_words(fact)
    assert told.endswith(" [dated later than it was filed, outside the usual range]")


@pytest.mark.parametrize("flag", Flag)
def test_no_flag_is_told_by_its_code(flag):
    if flag is not Flag.LAG_UNMEASURABLE:
        told = in_words(replace(lab("wbc", 0, "wbc", 20.0), flags=(flag,)))
        assert "[" in told
        assert f"[{flag}]" not in told


def test_a_rule_asked_for_twice_is_told_once():
    assert [rule.name for rule, _ in chosen(["sofa", "qsofa", "sofa"], None)] == [
        "sofa",
        "qsofa",
    ]


def test_a_registry_and_a_source_contradict_one_another(tmp_path):
    with pytest.raises(SettingsError) as refused:
        score(
            "p",
            at="2150-03-01T12:00Z",
            registry="sqlite:///r.sqlite",
            source="mimic-iv",
            path=tmp_path,
        )
    assert str(refused.value).startswith(
        "EMB-402: A patient is read from a registry or from a source, not from both."
    )


FLAG = OnsetView(
    flag_id="f",
    revision=1,
    site="s",
    patient="p",
    episode="7",
    stay=None,
    status="withdrawn",
    definition="sepsis3",
    definition_version="2016",
    policy="ember",
    happened_at=NOON,
    known_at=NOON + 2 * HOUR,
    provenance="live",
    recorded_at=NOON + 2 * HOUR,
    **dict.fromkeys(
        [
            *("suspicion_at", "dysfunction_at", "antimicrobial_at", "culture_at"),
            *("score", "score_lower", "score_upper", "baseline"),
        ]
    ),
)
GONE = (
    "  A flag with the onset 2150-03-01 12:00 was withdrawn at 2150-03-01 14:00: what it "
    "rested on no longer stands."
)


@pytest.mark.parametrize(
    ("flag", "known_at", "told"),
    [
        (FLAG, None, True),
        (FLAG, NOON + 2 * HOUR, True),
        (FLAG, NOON + HOUR, False),
        (replace(FLAG, status="confirmed"), None, False),
        (replace(FLAG, policy="mimic"), None, False),
        (replace(FLAG, definition="sep1"), None, False),
    ],
)
def test_a_flag_that_a_correction_took_away_is_told(flag, known_at, told):
    rule = rule_named("sepsis3")
    answers = scored(
        timeline_known_at([], known_at),
        patient="p",
        asked=[(rule, "ember")],
        at=NOON + 3 * HOUR,
        as_known_at=known_at,
    )
    assert (GONE in list(lines(with_withdrawn(answers, [flag])))) is told
