"""What a definition says it lacks is not what the record has."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.catalogue.rules import rule_named
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import CultureCollected, Encounter, Measurement


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=20)


def common(name):
    return {"event_id": name, "happened_at": NOON, "known_at": NOON}


CAME = Encounter(
    **common("came"), encounter="e1", phase="admitted", encounter_class="inpatient"
)


def lacking(name, *facts):
    timeline = Timeline()
    for fact in (CAME, *facts):
        timeline.apply(fact, "m")
    answer = rule_named(name).evaluate(timeline, LATER, zone="America/New_York")
    return answer.missing


@pytest.mark.parametrize(
    ("name", "beside"),
    [("ase", "antimicrobial_day"), ("bse", "recognised_pathogen")],
)
def test_a_blood_culture_is_missing_only_where_none_was_taken(name, beside):
    blood = CultureCollected(**common("c"), culture_id="c1", specimen="blood culture")
    urine = CultureCollected(**common("u"), culture_id="u1", specimen="urine")
    assert lacking(name, urine) == ("blood_culture",)
    assert "blood_culture" not in lacking(name, blood)
    assert lacking(name, blood) == (beside,)


def test_of_a_prothrombin_time_on_record_only_the_limit_lacks():
    pt = Measurement(**common("pt"), concept="pt", value=14.1)
    assert "pt" not in lacking("overt_dic", pt)
    assert "pt_upper" in lacking("overt_dic", pt)
