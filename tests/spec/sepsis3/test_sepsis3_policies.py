"""What each argument of `Sepsis3Policy` does, told as small timelines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.definitions.tracker import sepsis3
from streams.vocabulary.errors import SettingsError


MIMIC_ANYWHERE = replace(
    MIMIC,
    sofa=replace(MIMIC.sofa, codes=None, arterial=EMBER.sofa.arterial),
)
"""To the letter, but of any source's codes."""


@pytest.fixture
def episodes(timeline_of):
    """The episodes under EMBER's policy but for some arguments."""

    def ask(table, now=None, policy=EMBER, **changed):
        return sepsis3(timeline_of(table), policy=replace(policy, **changed), now=now)

    return ask


SHOCK = """
at      | what           | value         | encounter
1 10:00 | culture        | BLOOD CULTURE | h
1 11:00 | antimicrobial  | vancomycin    | h
1 12:10 | map            | 60            | h
1 12:20 | platelets      | 140           | h
1 12:40 | norepinephrine | 0.05          | h
"""


def test_onset_is_the_observation_that_made_two_points(episodes, at):
    (found,) = episodes(SHOCK)
    assert found.onset_at == found.dysfunction_at == at("1 12:20")
    assert (found.suspicion_at, found.antimicrobial_at, found.culture_at) == (
        at("1 10:00"),
        at("1 11:00"),
        at("1 10:00"),
    )
    assert (found.score, found.baseline) == (2, 0)
    assert [c.points for c in found.components] == [None, 1, None, 1, None, None]
    assert found.evidence == ("e1", "e0", "e3", "e2")
    assert found.encounter == "h"
    assert found.window_closes_at == at("2 10:00")


def test_what_is_missing_is_told_beside_the_score(episodes):
    (found,) = episodes(SHOCK)
    assert found.missing == (
        "pao2_fio2",
        "ventilation",
        "bilirubin",
        "gcs",
        "creatinine",
        "urine",
    )
    assert (found.lower, found.upper) == (2, 2 + 4 * 4)


def test_onset_may_be_the_end_of_the_hour_instead(episodes, at):
    (found,) = episodes(SHOCK, onset_at="hour_end")
    assert found.onset_at == at("1 13:00")
    assert found.score == 4


def test_an_hour_counts_at_its_end_only_once_it_is_over(episodes, at):
    assert episodes(SHOCK, onset_at="hour_end", now=at("1 12:59")) == ()
    assert len(episodes(SHOCK, onset_at="hour_end", now=at("1 13:00"))) == 1


def test_nothing_is_told_before_it_has_happened(episodes, at):
    assert episodes(SHOCK, now=at("1 12:19")) == ()
    (found,) = episodes(SHOCK, now=at("1 12:20"))
    assert (found,) == episodes(SHOCK)


def test_without_suspicion_there_is_no_episode(episodes):
    table = "\n".join(SHOCK.strip().splitlines()[:1] + SHOCK.strip().splitlines()[3:])
    assert episodes(table) == ()


def test_without_dysfunction_there_is_no_episode(episodes):
    assert episodes("\n".join(SHOCK.strip().splitlines()[:4])) == ()


# -- the window ----------------------------------------------------------------


def dysfunction_at(moment):
    return f"""
    at       | what          | value         | encounter
    5 10:30  | culture       | BLOOD CULTURE | h
    5 11:00  | antimicrobial | vancomycin    | h
    {moment} | platelets     | 90            | h
    """


@pytest.mark.parametrize(
    ("moment", "onset"),
    [
        ("2 11:00", None),
        ("2 11:01", "3 10:30"),
        ("3 10:29", "3 10:30"),
        ("3 10:30", "3 10:30"),
        ("3 10:31", "3 10:31"),
        ("6 10:30", "6 10:30"),
        ("6 10:31", None),
    ],
)
def test_the_window_is_two_days_before_and_one_day_after(episodes, at, moment, onset):
    found = episodes(dysfunction_at(moment))
    assert [episode.onset_at for episode in found] == ([at(onset)] if onset else [])


def test_the_window_can_be_changed(episodes):
    day = timedelta(days=1)
    assert episodes(dysfunction_at("3 12:00"), before=day) != ()
    assert episodes(dysfunction_at("3 09:00"), before=day) == ()
    assert episodes(dysfunction_at("6 09:00"), after=timedelta(hours=12)) == ()


def test_how_many_points_are_needed(episodes):
    assert len(episodes(dysfunction_at("5 12:00"), delta=2)) == 1
    assert episodes(dysfunction_at("5 12:00"), delta=3) == ()


# -- the baseline --------------------------------------------------------------


def old_kidneys(code="http://hl7.org/fhir/sid/icd-10-cm~N18.6"):
    return f"""
    at      | what          | value         | encounter
    1 00:00 | condition     | {code}        | before
    4 08:00 | creatinine    | 6.0           | h
    5 10:00 | culture       | BLOOD CULTURE | h
    5 11:00 | antimicrobial | vancomycin    | h
    5 12:00 | creatinine    | 6.0           | h
    5 13:00 | map           | 60            | h
    """


@pytest.mark.parametrize(
    ("baseline", "onset"),
    [("zero", "4 08:00"), ("cummin", "4 08:00"), ("prehospital", None)],
)
def test_kidneys_that_failed_long_ago(episodes, at, baseline, onset):
    found = episodes(old_kidneys(), baseline=baseline)
    assert [episode.onset_at for episode in found] == ([at(onset)] if onset else [])


def test_new_points_are_counted_beside_old_ones(episodes, at):
    table = old_kidneys() + "5 14:00 | norepinephrine | 0.05 | h"
    (found,) = episodes(table)
    assert (found.onset_at, found.score, found.baseline) == (at("5 14:00"), 7, 4)


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("http://hl7.org/fhir/sid/icd-9-cm~585.6", 0),
        ("http://hl7.org/fhir/sid/icd-9-cm~V4511", 0),
        ("http://hl7.org/fhir/sid/icd-10-cm~Z99.2", 0),
        ("http://hl7.org/fhir/sid/icd-10-cm~N18.3", 1),
        ("http://hl7.org/fhir/sid/icd-9-cm~N186", 1),
        ("urn:ember:local~N186", 1),
    ],
)
def test_which_codes_make_old_kidneys_known(episodes, code, count):
    assert len(episodes(old_kidneys(code))) == count


def test_a_cirrhotic_liver_is_held_against_its_own_best(episodes, at):
    table = """
    at      | what            | value         | encounter
    1 00:00 | condition       | http://hl7.org/fhir/sid/icd-10-cm~K74.60 | before
    1 08:00 | bilirubin_total | 3.0           | before
    5 10:00 | culture         | BLOOD CULTURE | h
    5 11:00 | antimicrobial   | vancomycin    | h
    5 12:00 | bilirubin_total | 4.0           | h
    5 18:00 | bilirubin_total | 13.0          | h
    """
    (found,) = episodes(table)
    assert (found.onset_at, found.score, found.baseline) == (at("5 18:00"), 4, 2)


def test_the_least_score_in_the_window_as_baseline_asks_for_a_rise(episodes, at):
    table = """
    at      | what          | value         | encounter
    3 10:30 | platelets     | 90            | h
    4 09:30 | platelets     | 90            | h
    5 08:30 | platelets     | 90            | h
    5 10:00 | culture       | BLOOD CULTURE | h
    5 11:00 | antimicrobial | vancomycin    | h
    5 15:00 | platelets     | 15            | h
    """
    assert [e.onset_at for e in episodes(table, baseline="zero")] == [at("3 10:30")]
    (found,) = episodes(table.replace("3 10:30", "3 09:30"), baseline="cummin")
    assert (found.onset_at, found.score, found.baseline) == (at("5 15:00"), 4, 2)


# -- one episode per stay ------------------------------------------------------

TWO_STAYS = """
at      | what          | value         | stay | encounter
1 08:00 | icu           | entered       | a    | h
1 08:30 | heart_rate    | 90            | a    | h
1 09:00 | culture       | BLOOD CULTURE |      | h
1 10:00 | antimicrobial | vancomycin    |      | h
1 10:30 | map           | 60            | a    | h
1 10:30 | platelets     | 140           |      | h
1 18:00 | heart_rate    | 90            | a    | h
1 19:00 | icu           | left          | a    | h
5 08:00 | icu           | entered       | b    | h
5 08:30 | heart_rate    | 90            | b    | h
5 09:00 | culture       | BLOOD CULTURE |      | h
5 10:00 | antimicrobial | meropenem     |      | h
5 10:30 | map           | 60            | b    | h
5 10:30 | platelets     | 140           |      | h
5 18:00 | heart_rate    | 90            | b    | h
"""


def test_one_episode_for_each_hospital_stay(episodes, at):
    (found,) = episodes(TWO_STAYS)
    assert (found.stay, found.encounter, found.onset_at) == ("a", "h", at("1 10:30"))


def test_or_one_for_each_icu_stay(episodes, at):
    found = episodes(TWO_STAYS, policy=MIMIC_ANYWHERE)
    assert [(e.stay, e.onset_at) for e in found] == [
        ("a", at("1 11:00")),
        ("b", at("5 11:00")),
    ]


def test_sepsis_on_the_ward_is_seen_by_hospital_stay_only(episodes):
    assert len(episodes(SHOCK)) == 1
    assert episodes(SHOCK, policy=MIMIC_ANYWHERE) == ()


def test_where_no_hospital_stay_is_named_the_episode_is_none(episodes):
    table = SHOCK.replace("| h", "|  ")
    (found,) = episodes(table)
    assert found.encounter == "none"


def test_hours_of_an_icu_stay_cannot_tell_of_a_hospital_stay():
    with pytest.raises(SettingsError, match="EMB-402"):
        replace(MIMIC, per="encounter")
