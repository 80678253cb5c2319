"""Names for identifiers: the same for ever, and saying nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.identity.pseudonyms import (
    Identifier,
    Pseudonyms,
    PublicIdentifiers,
    Sighting,
)


KEY = bytes(range(32))


def test_a_pseudonym_is_the_hmac_of_site_kind_authority_and_value():
    named = Pseudonyms("north", {1: KEY}).name("patient", Identifier("MR", "4711"))

    assert named == Pseudonyms("north", {1: KEY}).name(
        "patient", Identifier("MR", "4711")
    )
    assert named.startswith("p1-")
    assert len(named) == 29


@given(st.text(), st.text())
def test_everything_that_is_told_apart_has_a_name_of_its_own(authority, value):
    names = Pseudonyms("north", {1: KEY})
    others = [
        names.name("patient", Identifier(authority, value)),
        names.name("encounter", Identifier(authority, value)),
        names.name("patient", Identifier(authority + "x", value)),
        names.name("patient", Identifier(authority, value + "x")),
        Pseudonyms("south", {1: KEY}).name("patient", Identifier(authority, value)),
        Pseudonyms("north", {1: KEY[::-1]}).name(
            "patient", Identifier(authority, value)
        ),
        Pseudonyms("north", {2: KEY}).name("patient", Identifier(authority, value)),
    ]
    assert len(set(others)) == len(others)


def test_the_newest_key_names_and_older_ones_can_be_asked():
    names = Pseudonyms("north", {1: KEY, 2: KEY[::-1]})
    who = Identifier("MR", "4711")

    assert names.key_version == 2
    assert names.name("patient", who).startswith("p2-")
    assert names.name_under(1, "patient", who) == Pseudonyms("north", {1: KEY}).name(
        "patient", who
    )


@pytest.mark.parametrize("keys", [{}, {0: KEY}, {1: KEY[:31]}])
def test_weak_or_missing_keys_are_refused(keys):
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms("north", keys)


def test_an_identifier_is_not_printed():
    who = Identifier("MR", "4711-secret")

    assert "4711" not in repr(who)
    assert "4711" not in repr(Sighting("p1-x", 1, who))


def test_public_data_keep_their_identifiers():
    assert PublicIdentifiers().name("patient", Identifier("", "10001217")) == "10001217"
