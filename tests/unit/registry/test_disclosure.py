"""What of a value may leave the house."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.disclosure import (
    TREATMENTS,
    Column,
    Kind,
    Profile,
    discloser,
    pooled,
    told,
)
from registry.domain.extracts import COLUMNS, Extract


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = bytes(range(32))


def shown(profile, row, *columns, key=KEY, words=True):
    return discloser(told(columns, profile, arms=True, words=words), key)(row)


def column(kind, name="thing", **rest):
    return Column(name=name, form="text", kind=kind, meaning="A test.", **rest)


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("age", "89", "89"),
        ("age", "89.9", "89.9"),
        ("age", "90", "90"),
        ("age", "104", "90"),
        ("age_years", "91.5", "90"),
        ("age_days", "32500", "32500"),
        ("age_days", "40000", "32872.5"),
        ("age_band", "85-94", "90"),
        ("lactate", "104", "104"),
        ("average_rate", "104", "104"),
        ("age-band", "85-94", "90"),
        ("ageBand", "85-94", "90"),
        ("AGE", "97", "90"),
        ("born", "1931-05-04", None),
        ("birth_year", "1931", None),
        ("date-of-birth", "1931-05-04", None),
        ("seen", "20260301", "2026"),
        ("seen", "20260301142530", "2026"),
        ("seen", "1.3.2026", "2026"),
        ("seen", "since 2026-03-01", "2026"),
        ("platelets", "150000", "150000"),
        ("weight_grams", "20260", "20260"),
        ("study-site", "north", None),
        ("postcode", "79098", None),
        ("seen", "2026-03-01T12:00:00Z", "2026"),
        ("site", "north", None),
        ("first_ward", "7B", None),
    ],
)
def test_levels_and_covariates_single_nobody_out(name, value, left):
    assert pooled(name, value) == left


@given(st.integers(0, 130))
def test_no_age_above_89_is_told(age):
    assert int(pooled("age", str(age))) <= 90


def test_a_stratum_keeps_what_is_no_place():
    row = ("age=95;site=north;shock=yes",)

    assert shown(Profile.SAFE_HARBOR, row, column(Kind.FACTORS)) == (
        "age=90;shock=yes",
    )


def test_a_moment_is_its_year_and_nothing_stays_nothing():
    moment, month = column(Kind.MOMENT), column(Kind.MONTH, "month")

    assert shown(Profile.SAFE_HARBOR, (NOON, "2026-03"), moment, month) == (2026, 2026)
    assert shown(Profile.SAFE_HARBOR, (None, None), moment, month) == (None, None)
    assert shown(Profile.LIMITED, (NOON, "2026-03"), moment, month) == (NOON, "2026-03")


def test_one_pseudonym_at_two_sites_is_two_people():
    site = column(Kind.PLACE, "site")
    patient = column(Kind.NAME, "patient", within=("site",))
    north, south = (
        shown(Profile.SAFE_HARBOR, (where, "p1"), site, patient)
        for where in ("north", "south")
    )

    assert north[1] != south[1]
    assert north == shown(Profile.SAFE_HARBOR, ("north", "p1"), site, patient)


def test_another_key_gives_other_names():
    patient = column(Kind.NAME)

    assert shown(Profile.SAFE_HARBOR, ("p1",), patient) != shown(
        Profile.SAFE_HARBOR, ("p1",), patient, key=bytes(32)
    )


def test_an_arm_leaves_only_where_arms_may_be_seen():
    arm = (column(Kind.ARM),)

    for profile in Profile:
        for words in (True, False):
            shown, hidden = (
                told(arm, profile, arms=arms, words=words)[0].treatment
                for arms in (True, False)
            )
            assert (shown, hidden) == ("kept", "left_out")


def test_words_of_a_person_are_empty_for_who_may_not_read_them():
    said, plain = column(Kind.WORDS, "said"), column(Kind.PLAIN, "plain")
    row = ("the Plazebo group", "final")

    assert shown(Profile.IDENTIFIED, row, said, plain) == row
    assert shown(Profile.IDENTIFIED, row, said, plain, words=False) == (None, "final")
    for profile in (Profile.LIMITED, Profile.SAFE_HARBOR):
        for words in (True, False):
            assert shown(profile, row, said, plain, words=words) == ("final",)


@pytest.mark.parametrize("extract", Extract)
def test_safe_harbor_keeps_of_every_extract_what_tells_nothing_alone(extract):
    kept = {
        one.column.kind
        for one in told(COLUMNS[extract], Profile.SAFE_HARBOR, arms=True, words=True)
        if one.treatment == "kept"
    }

    assert kept <= {Kind.PLAIN, Kind.ARM}


def test_a_narrower_profile_discloses_no_more():
    limited, safe = TREATMENTS[Profile.LIMITED], TREATMENTS[Profile.SAFE_HARBOR]

    assert set(TREATMENTS[Profile.IDENTIFIED]) <= set(limited) <= set(safe)
    assert all(safe[kind] == treatment for kind, treatment in limited.items())
