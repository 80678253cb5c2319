"""What steered the draws, as `ember query` lists it, on both databases."""

import csv
import json
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest
from made_up.role_holders import LONG_AGO, let
from typer.testing import CliRunner

from registry.app.commands import query
from registry.app.exporting.exporting import Export, export
from registry.app.exporting.writers import Format
from registry.domain.disclosure import Profile
from registry.domain.extracts import Cut, Extract
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.randomisation.methods import Adaptive
from registry.domain.randomisation.vector import INITIAL, by_ratio
from registry.domain.role_matrix import MATRIX
from registry.domain.roles import EVERYWHERE, Role, Sight, Surface
from registry.store.roles import grant_roles
from registry.usecases.hand_out_roles import GrantRole, grant_role
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.set_pause import SetPause, set_pause
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused


TWO = by_ratio([("restrictive", 1), ("standard", 1)])
SHOCK = "shock=yes"
WORDS = "three of the restrictives bled"


@pytest.fixture
def ember(registry_url):
    def run(*words, who="somebody"):
        done = CliRunner().invoke(
            query.app, [*words, "--registry", registry_url, "--as", who]
        )
        if isinstance(done.exception, Refused):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def told(ember):
    return lambda *words, **rest: json.loads(ember(*words, "--json", **rest))


@pytest.fixture
def adaptive(bedside):
    bedside.open_trial(replace(bedside.fluids, method=Adaptive(initial=TWO)))
    return bedside


def publish(bedside, analysis, share, *, hours, stratum=None):
    command = PublishVector(
        trial="TIDE",
        domain="fluids",
        stratum=stratum,
        analysis_id=analysis,
        data_cut=bedside.noon,
        p_best=None,
        shares={"restrictive": share, "standard": 1 - share},
        actor="statistician",
        at=bedside.noon + hours * HOUR,
    )
    with bedside.registry.transaction() as uow:
        return publish_vector(command, uow).vector.vector_id


def pause(bedside, place, *, hours, paused=True, reason=WORDS):
    command = SetPause(
        trial="TIDE",
        place=place,
        paused=paused,
        reason=reason,
        actor="sponsor",
        at=bedside.noon + hours * HOUR,
    )
    with bedside.registry.transaction() as uow:
        set_pause(command, uow)


def everybody(registry, registry_url):
    """One person of each role, named as it, everywhere."""
    if registry.dialect == "postgresql":
        grant_roles(registry_url)
    let(registry, roles=())
    with registry.transaction() as uow:
        for role in Role:
            command = GrantRole(
                person=role.value,
                role=role,
                site=EVERYWHERE,
                trial="TIDE",
                starts_at=LONG_AGO,
                reason="a test",
                actor="root",
                at=LONG_AGO,
            )
            grant_role(command, uow)


@pytest.mark.usefixtures("somebody")
def test_each_vector_is_listed_until_another_takes_its_whole_place(adaptive, told):
    first = publish(adaptive, "interim-1", 0.25, hours=1)
    second = publish(adaptive, "interim-2", 0.5, hours=2, stratum=SHOCK)
    third = publish(adaptive, "interim-3", 0.75, hours=3)

    rows = told("vectors", "--trial", "TIDE")

    at = (adaptive.noon + 3 * HOUR).replace(tzinfo=None)
    assert [
        (row["vector_id"], row["analysis_id"], row["stratum"], ends(row))
        for row in rows
    ] == [
        (first, "interim-1", None, at),
        (second, "interim-2", SHOCK, at),
        (third, "interim-3", None, None),
    ]
    assert rows[0]["shares"] == [["restrictive", 0.25], ["standard", 0.75]]
    assert {row["published_by"] for row in rows} == {"statistician"}
    before = told("vectors", "--at", "2026-03-01T14:30:00Z")
    assert [(row["vector_id"], ends(row)) for row in before] == [
        (first, None),
        (second, None),
    ]
    adaptive.hear(adaptive.verdict(trial="WAVE"))
    assert told("vectors", "--trial", "WAVE") == []


def ends(row):
    said = row["replaced_at"]
    return None if said is None else datetime.fromisoformat(said).replace(tzinfo=None)


@pytest.mark.usefixtures("somebody")
def test_a_table_of_vectors_tells_what_each_arm_is_drawn_by(adaptive, ember):
    assert ember("vectors") == "No vectors.\n"
    publish(adaptive, "interim-1", Fraction(1, 4), hours=1)

    table = " ".join(ember("vectors").split())

    assert "interim-1" in table
    assert "restrictive 0.25" in table


def test_an_extract_tells_the_vector_that_each_was_drawn_by(adaptive, tmp_path):
    adaptive.admit("p1", "p2")
    adaptive.randomise("p1")
    second = publish(adaptive, "interim-1", 0.5, hours=1)
    adaptive.randomise("p2", at=adaptive.noon + 2 * HOUR)

    shown = vectors_of(adaptive, tmp_path, "limited")
    assert shown == {"p1": INITIAL, "p2": second}
    renamed = set(vectors_of(adaptive, tmp_path, "safe_harbor").values())
    assert len(renamed) == 2
    assert renamed.isdisjoint({INITIAL, second, ""})


def test_where_arms_are_drawn_by_no_vector_none_is_told(lived, tmp_path):
    assert vectors_of(lived, tmp_path, "limited") == {"p1": "", "p2": ""}
    assert set(vectors_of(lived, tmp_path, "safe_harbor").values()) == {""}


def vectors_of(bedside, folder, profile):
    """By patient, the vector that an extract names."""
    at = bedside.noon + 9 * HOUR
    asked = Export(
        extract=Extract.PARTICIPANTS,
        format=Format.CSV,
        profile=Profile(profile),
        cut=Cut(recorded_until=at, happened_until=at),
        trial=None,
        out=folder,
        key=bytes(32),
    )
    export(bedside.registry, asked)
    with (folder / "participants.csv").open() as file:
        return {row["patient"]: row["vector_id"] for row in csv.DictReader(file)}


@pytest.mark.usefixtures("somebody")
def test_each_pause_is_listed_with_its_end(bedside, told, ember):
    bedside.open_trial(mode=Mode.DEMO)
    arm = Place(domain="fluids", arm="standard")
    pause(bedside, arm, hours=1)
    pause(bedside, arm, hours=2, paused=False, reason="looked into")
    pause(bedside, Place(site="A"), hours=3, reason="no beds")
    pause(bedside, arm, hours=4, reason="again")

    rows = told("pauses", "--trial", "TIDE")

    assert [
        (row["site"], row["arm"], row["reason"], row["end_reason"]) for row in rows
    ] == [
        ("", "standard", WORDS, "looked into"),
        ("A", "", "no beds", None),
        ("", "standard", "again", None),
    ]
    assert [row["ended_by"] for row in rows] == ["sponsor", None, None]
    (early,) = told("pauses", "--at", "2026-03-01T13:30:00Z")
    assert (early["arm"], early["ended_at"]) == ("standard", None)
    assert "looked into" in " ".join(ember("pauses").split())
    bedside.hear(bedside.verdict(trial="WAVE"))
    assert ember("pauses", "--trial", "WAVE") == "No pauses.\n"


@pytest.mark.usefixtures("somebody")
def test_each_green_light_is_listed_with_its_end(bedside, told, ember):
    bedside.open_trial()
    bedside.light(given=False, at=bedside.noon + HOUR)
    bedside.light(at=bedside.noon + 2 * HOUR)

    rows = told("green-lights", "--trial", "TIDE")

    assert [(row["site"], row["revoked_by"]) for row in rows] == [
        ("A", "sponsor"),
        ("A", None),
    ]
    (early,) = told("green-lights", "--at", "2026-03-01T12:30:00Z")
    assert early["revoked_at"] is None
    assert "a test" in ember("green-lights")
    bedside.hear(bedside.verdict(trial="WAVE"))
    assert ember("green-lights", "--trial", "WAVE") == "No green lights.\n"


def test_each_list_is_for_whose_role_it_is(adaptive, told, registry, registry_url):
    publish(adaptive, "interim-1", 0.25, hours=1)
    everybody(registry, registry_url)
    lists = {
        "vectors": Surface.VECTORS,
        "pauses": Surface.PROTOCOLS,
        "green-lights": Surface.PEOPLE,
    }

    pause(adaptive, Place(site="A"), hours=1)
    for name, surface in lists.items():
        for role in Role:
            if MATRIX[surface][role].sight is Sight.ROWS:
                assert len(told(name, who=role.value)) == 1, (name, role)
                continue
            with pytest.raises(Refused) as fault:
                told(name, who=role.value)
            assert fault.value.code is ErrorCode.NOT_THIS_ROLE


BLIND = (Role.BLINDED_STATISTICIAN, Role.MONITOR, Role.ADJUDICATOR, Role.AUDITOR)


def test_words_of_a_pause_are_not_told_to_who_is_to_know_no_arm(
    bedside, told, ember, registry, registry_url
):
    bedside.open_trial()
    pause(bedside, Place(domain="fluids"), hours=1)
    pause(bedside, Place(domain="fluids"), hours=2, paused=False)
    pause(bedside, Place(site="A"), hours=3)
    everybody(registry, registry_url)

    for role in BLIND:
        rows = told("pauses", who=role.value)
        assert [(row["reason"], row["end_reason"]) for row in rows] == [(None,) * 2] * 2
        assert "bled" not in ember("pauses", who=role.value)
    for role in (Role.INVESTIGATOR, Role.SPONSOR, Role.DSMB):
        assert {row["reason"] for row in told("pauses", who=role.value)} == {WORDS}
    admin = told("pauses", who=Role.SITE_ADMIN.value)
    assert [row["reason"] for row in admin] == [None, WORDS]
