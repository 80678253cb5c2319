"""What each argument of `SuspicionPolicy` does, told as small timelines."""

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.clinical.catalogue.rules import rule_named
from streams.clinical.definitions.policies import EMBER, MIMIC, VALIK_DOSES
from streams.clinical.definitions.suspicion import suspicions


@pytest.fixture
def suspected(timeline_of):
    """When infection was suspected, under EMBER's policy but for some arguments."""

    def ask(table, now=None, **changed):
        policy = replace(EMBER.suspicion, **changed)
        found = suspicions(timeline_of(table), policy=policy, now=now)
        return [suspicion.suspected_at for suspicion in found]

    return ask


def pair(culture, antimicrobial):
    return f"""
    at              | what          | value
    {culture}       | culture       | BLOOD CULTURE
    {antimicrobial} | antimicrobial | vancomycin
    """


@pytest.mark.parametrize(
    ("culture", "antimicrobial", "since"),
    [
        ("1 10:00", "1 10:01", "1 10:00"),
        ("1 10:00", "4 10:00", "1 10:00"),
        ("1 10:00", "4 10:01", None),
        ("2 10:00", "2 09:59", "2 09:59"),
        ("2 10:00", "1 10:00", "1 10:00"),
        ("2 10:00", "1 09:59", None),
    ],
)
def test_the_windows_of_2016_with_both_their_ends(
    suspected, at, culture, antimicrobial, since
):
    expected = [at(since)] if since else []
    assert expected == suspected(pair(culture, antimicrobial))


def test_the_windows_can_be_changed(suspected, at):
    late = pair("1 10:00", "2 11:00")
    assert suspected(late, culture_then=timedelta(hours=24)) == []
    early = pair("2 10:00", "1 12:00")
    assert suspected(early, antimicrobial_then=timedelta(hours=12)) == []
    assert suspected(early) == [at("1 12:00")]


@pytest.mark.parametrize(
    ("simultaneous", "since"), [("neither", None), ("culture_first", "1 10:00")]
)
def test_both_at_the_same_time(suspected, at, simultaneous, since):
    table = pair("1 10:00", "1 10:00")
    expected = [at(since)] if since else []
    assert expected == suspected(table, simultaneous=simultaneous)


@pytest.mark.parametrize(
    ("culture", "antimicrobial", "midnight", "by_drug"),
    [
        ("2", "2 09:00", "2 00:00", "2 09:00"),
        ("2", "5 23:59", "2 00:00", "5 23:59"),
        ("2", "6 00:00", None, None),
        ("2", "1 00:00", "1 00:00", "1 00:00"),
        ("3", "1 23:59", None, None),
    ],
)
def test_a_culture_of_which_only_the_date_is_known(
    suspected, at, culture, antimicrobial, midnight, by_drug
):
    table = pair(culture, antimicrobial)
    for policy, since in (("midnight", midnight), ("antimicrobial", by_drug)):
        expected = [at(since)] if since else []
        assert expected == suspected(table, date_only=policy)


def test_a_known_time_goes_before_a_bare_date(suspected, at):
    table = """
    at      | what          | value
    1       | culture       | URINE
    2 10:00 | culture       | BLOOD CULTURE
    2 12:00 | antimicrobial | vancomycin
    """
    assert suspected(table) == [at("2 10:00")]
    assert suspected(table, date_only="midnight") == [at("1 00:00")]


def test_of_several_cultures_the_earliest_counts(suspected, at):
    table = """
    at      | what          | value
    1 08:00 | culture       | URINE
    1 10:00 | culture       | BLOOD CULTURE
    2 12:00 | antimicrobial | vancomycin
    2 14:00 | culture       | SPUTUM
    """
    assert suspected(table) == [at("1 08:00")]


def test_every_antimicrobial_that_pairs_is_a_suspicion_of_its_own(suspected, at):
    table = """
    at      | what          | value
    1 08:00 | antimicrobial | cefazolin
    1 10:00 | culture       | BLOOD CULTURE
    1 12:00 | antimicrobial | vancomycin
    9 12:00 | antimicrobial | meropenem
    """
    assert suspected(table) == [at("1 08:00"), at("1 10:00")]


@pytest.mark.parametrize(("match", "count"), [("patient", 1), ("encounter", 0)])
def test_a_culture_of_another_hospital_stay(suspected, match, count):
    table = """
    at      | what          | value         | encounter
    1 10:00 | culture       | BLOOD CULTURE | before
    2 10:00 | antimicrobial | vancomycin    | after
    """
    assert len(suspected(table, match=match)) == count


@pytest.mark.parametrize(
    ("stages", "since"),
    [({"ordered"}, "1 11:00"), ({"given"}, "1 14:00")],
)
def test_the_order_or_the_administration_is_the_antimicrobial(
    suspected, at, stages, since
):
    table = """
    at      | what                | value
    1 11:00 | antimicrobial       | vancomycin
    1 14:00 | antimicrobial given | vancomycin
    1 18:00 | culture             | BLOOD CULTURE
    """
    assert suspected(table, stages=frozenset(stages)) == [at(since)]


@pytest.mark.parametrize(("screens", "count"), [("count", 1), ("ignore", 0)])
def test_a_surveillance_swab(suspected, screens, count):
    table = """
    at      | what          | value
    1 10:00 | culture       | MRSA SCREEN
    1 12:00 | antimicrobial | vancomycin
    """
    assert len(suspected(table, screens=screens)) == count


def test_what_has_not_happened_yet_arouses_no_suspicion(suspected, at):
    table = pair("2 10:00", "1 12:00")
    assert suspected(table, now=at("2 09:59")) == []
    assert suspected(table, now=at("2 10:00")) == [at("1 12:00")]


def test_a_suspicion_names_the_stay_the_drug_began_in(timeline_of):
    table = """
    at      | what          | value         | stay | encounter
    1 08:00 | icu           | entered       | s    | h
    1 10:00 | antimicrobial | vancomycin    |      | h
    1 11:00 | culture       | BLOOD CULTURE |      | h
    1 12:00 | icu           | left          | s    | h
    1 12:00 | antimicrobial | meropenem     |      | h
    """
    found = suspicions(timeline_of(table), policy=MIMIC.suspicion)
    assert [(s.stay, s.encounter) for s in found] == [("s", "h"), (None, "h")]


TWO_DOSES = """
at       | what                | value
1 10:00  | culture             | BLOOD CULTURE
1 12:00  | antimicrobial given | cefepime
{second} | antimicrobial given | cefepime
"""


@pytest.mark.parametrize(
    ("second", "rhee", "valik"),
    [
        ("1 12:00", 1, 0),
        ("1 17:59", 1, 0),
        ("1 18:00", 1, 1),
        ("2 12:00", 1, 1),
        ("2 12:01", 0, 1),
        ("3 12:00", 0, 1),
        ("3 12:01", 0, 0),
    ],
)
def test_how_many_doses_and_how_far_apart(suspected, at, second, rhee, valik):
    table = TWO_DOSES.format(second=second)
    first = at("1 10:00")
    one = suspected(table)
    two = suspected(table, doses=2)
    apart = suspected(
        table,
        doses=2,
        doses_after=VALIK_DOSES.doses_after,
        doses_within=VALIK_DOSES.doses_within,
    )
    assert one[0] == first
    # Doses of one moment are each other's second.
    assert (len(set(two)), len(set(apart))) == (rhee, valik)


def test_before_the_second_dose_nothing_is_suspected(timeline_of, at):
    timeline = timeline_of(TWO_DOSES.format(second="1 20:00"))
    policy = replace(VALIK_DOSES, doses_within=timedelta(hours=24))
    assert suspicions(timeline, policy=policy, now=at("1 19:59")) == ()
    (found,) = suspicions(timeline, policy=policy, now=at("1 20:00"))
    assert (found.suspected_at, found.evident_at) == (at("1 10:00"), at("1 20:00"))


def test_an_order_and_its_own_first_dose_are_one_dose(suspected):
    """Ordered at 10:00 and given at 10:30; only the dose of 18:00 is a second."""
    order = """
    at      | what                | value         | order
    1 09:00 | culture             | BLOOD CULTURE |
    1 10:00 | antimicrobial       | cefepime      | o1
    1 10:30 | antimicrobial given | cefepime      | o1
    """
    again = order + "1 18:00 | antimicrobial given | cefepime | o1\n"
    assert suspected(order, doses=2) == []
    # The order and its first dose are each the first of two with the dose of 18:00.
    assert len(suspected(again, doses=2)) == 2
    untied = order.replace("| o1", "|")
    assert len(suspected(untied, doses=2)) == 1


VALIK = {
    "doses": 2,
    "doses_after": VALIK_DOSES.doses_after,
    "doses_within": VALIK_DOSES.doses_within,
}


@pytest.mark.parametrize(
    ("ending", "excused"),
    [
        ("2 09:59 | icu  | left | s", True),
        ("2 10:00 | icu  | left | s", False),
        ("3 12:00 | died |      |", True),
        ("3 12:01 | died |      |", False),
    ],
)
def test_one_dose_will_do_after_short_care_or_an_early_death(
    suspected, at, ending, excused
):
    """In intensive care from 1 10:00, the only dose at 1 12:00."""
    table = f"""
    at      | what                | value         | stay
    1 10:00 | icu                 | entered       | s
    1 11:00 | culture             | BLOOD CULTURE |
    1 12:00 | antimicrobial given | cefepime      |
    {ending}
    """
    excusing = VALIK | {"single_dose": "short_care_or_death"}
    assert suspected(table, **excusing) == ([at("1 11:00")] if excused else [])
    assert suspected(table, **VALIK) == []
    assert suspected(table) == [at("1 11:00")]


def test_what_excuses_the_second_dose_must_have_happened(timeline_of, at):
    table = """
    at      | what                | value         | stay
    1 10:00 | icu                 | entered       | s
    1 11:00 | culture             | BLOOD CULTURE |
    1 12:00 | antimicrobial given | cefepime      |
    1 20:00 | icu                 | left          | s
    """
    timeline = timeline_of(table)
    assert suspicions(timeline, policy=VALIK_DOSES, now=at("1 19:59")) == ()
    (found,) = suspicions(timeline, policy=VALIK_DOSES, now=at("1 20:00"))
    assert found.evident_at == at("1 20:00")


MODES = """
at      | what          | value
1 10:00 | culture       | URINE
9 10:00 | antimicrobial | vancomycin
9 12:00 | culture       | BLOOD CULTURE
"""


@pytest.mark.parametrize(
    ("mode", "moments"),
    [
        ("both", ["9 10:00"]),
        ("either", ["1 10:00", "9 10:00", "9 12:00"]),
        ("antimicrobial", ["9 10:00"]),
        ("culture", ["1 10:00", "9 12:00"]),
    ],
)
def test_an_antimicrobial_and_a_culture_or_one_of_them(suspected, at, mode, moments):
    assert suspected(MODES, mode=mode) == [at(moment) for moment in moments]


def test_what_stands_alone_names_nothing_else(timeline_of):
    policy = replace(EMBER.suspicion, mode="either")
    urine, drug, blood = suspicions(timeline_of(MODES), policy=policy)
    assert (urine.antimicrobial_at, urine.antimicrobial_id) == (None, None)
    assert (drug.culture_at, drug.culture_id) == (None, None)
    assert [one.signs for one in (urine, drug, blood)] == [("e0",), ("e1",), ("e2",)]


def test_antimicrobials_alone_may_have_to_be_two(suspected, at):
    table = TWO_DOSES.format(second="1 20:00")
    assert suspected(table, mode="antimicrobial", doses=2) == [at("1 12:00")]
    far = TWO_DOSES.format(second="2 12:01")
    assert suspected(far, mode="antimicrobial", doses=2) == []


@pytest.mark.parametrize(
    ("grew", "moment", "count"),
    [
        ("ESCHERICHIA COLI", "2 08:59", 0),
        ("ESCHERICHIA COLI", "2 09:00", 1),
        ("-", "2 09:00", 0),
    ],
)
@pytest.mark.parametrize("mode", ["both", "culture"])
def test_only_a_culture_known_to_be_positive(suspected, at, mode, grew, moment, count):
    table = f"""
    at      | what          | value         | id
    1 10:00 | culture       | BLOOD CULTURE | c1
    1 12:00 | antimicrobial | vancomycin    | a1
    2 09:00 | grew c1       | {grew}        | r1
    """
    told = suspected(table, at(moment), cultures="positive", mode=mode)
    assert told == [at("1 10:00")] * count


def test_a_positive_culture_is_evident_by_its_result(timeline_of, at):
    table = """
    at      | what          | value            | id
    1 10:00 | culture       | BLOOD CULTURE    | c1
    1 12:00 | antimicrobial | vancomycin       | a1
    2 09:00 | grew c1       | ESCHERICHIA COLI | r1
    """
    policy = replace(EMBER.suspicion, cultures="positive")
    (found,) = suspicions(timeline_of(table), policy=policy)
    assert (found.evident_at, found.signs) == (at("2 09:00"), ("a1", "c1", "r1"))


def test_the_catalogue_says_when_a_suspicion_was_evident(timeline_of, at):
    timeline = timeline_of(TWO_DOSES.format(second="1 20:00"))
    rule = rule_named("suspected_infection")
    told = rule.evaluate(timeline, at("3 00:00"), policy="valik")
    (episode,) = told.episodes
    assert (episode.onset, episode.final_at) == (at("1 10:00"), at("1 20:00"))
    assert episode.evidence == ("e1", "e0", "e2")
