"""What a person wrote leaves the house only for who may see open arms."""

import csv
import json

import polars as pl
import pytest
from contract.registry.test_conduct import judge
from made_up.role_holders import LONG_AGO, let, write_grant

from registry.app.commands.asking import asking
from registry.app.exporting.exporting import Export, export
from registry.app.exporting.writers import Format
from registry.domain.consent import ConsentState
from registry.domain.disclosure import Profile
from registry.domain.extracts import Cut, Extract
from registry.domain.particulars import IN_WORDS
from registry.domain.roles import Role
from registry.store.roles import grant_roles
from registry.usecases.hand_out_roles import GrantRole, grant_role
from streams.vocabulary.clock import HOUR


WORDS = "surely one of the Plazebos"
"""No list of arms would find it."""
COLUMNS = {
    Extract.OUTCOMES: ["reason", "judged_reason"],
    Extract.AUDIT: ["detail"],
}
KINDS = {
    Extract.OUTCOMES: ("words", "withheld"),
    Extract.AUDIT: ("particulars", "without_words"),
}


@pytest.fixture
def spoken(lived, registry_url):
    """A registry with somebody's words in an outcome and in the audit."""
    said = lived.outcome("p1", 1, status="missing", reason=WORDS)
    lived.hear(said)
    judge(lived, said, reason=WORDS, at=lived.noon + HOUR)
    lived.consent("p2", ConsentState.WITHDRAWN, at=lived.noon + HOUR)
    if lived.registry.dialect == "postgresql":
        grant_roles(registry_url)
    return lived


@pytest.fixture
def taken(spoken, tmp_path):
    """An extract in `identified`, as somebody or as the registry's owner sees it."""

    def take(extract, who=None, how=Format.CSV, **rest):
        book = spoken.registry
        if who is not None:
            book = book.seen_by(asking(book, who))
        at = spoken.noon + 9 * HOUR
        asked = Export(
            extract=extract,
            format=how,
            profile=Profile.IDENTIFIED,
            cut=Cut(recorded_until=at, happened_until=at),
            out=tmp_path,
            key=bytes(32),
            **{"trial": None, **rest},
        )
        return tmp_path / f"{extract.value}{how.suffix}", export(book, asked)

    return take


def let_in(spoken, person, role, *, trial):
    let(spoken.registry)
    with spoken.registry.transaction() as uow:
        uow.audit.lock(site="", trial="")
        write_grant(uow, person, role, trial=trial)


def one_role(spoken, person, role, *, site):
    command = GrantRole(
        person=person,
        role=role,
        site=site,
        trial="TIDE",
        starts_at=LONG_AGO,
        reason="a test",
        actor="root",
        at=LONG_AGO,
    )
    with spoken.registry.transaction() as uow:
        grant_role(command, uow)


@pytest.mark.parametrize("extract", COLUMNS)
def test_the_owner_reads_words_and_who_asks_for_no_arm_does_not(taken, extract):
    file, manifest = taken(extract)
    assert WORDS in file.read_text()
    assert manifest.withheld == ()

    file, manifest = taken(extract, arms=False)
    assert WORDS not in file.read_text()
    assert [one.column for one in manifest.withheld] == COLUMNS[extract]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.INVESTIGATOR])
def test_who_sees_open_arms_reads_why_an_outcome_was_judged(spoken, taken, role):
    let(spoken.registry, "ada", roles=(role,))

    file, manifest = taken(Extract.OUTCOMES, "ada")

    (row,) = rows_of(file)
    assert (row["reason"], row["judged_reason"]) == (WORDS, WORDS)
    assert manifest.withheld == ()


@pytest.mark.parametrize(
    ("extract", "role"),
    [
        (Extract.OUTCOMES, Role.MONITOR),
        (Extract.OUTCOMES, Role.BLINDED_STATISTICIAN),
        (Extract.OUTCOMES, Role.ADJUDICATOR),
        (Extract.AUDIT, Role.AUDITOR),
    ],
)
@pytest.mark.parametrize("how", [Format.CSV, Format.PARQUET])
def test_who_may_see_no_open_arm_gets_no_words_and_is_told_why(
    spoken, taken, extract, role, how
):
    let(spoken.registry, "ada", roles=(role,))

    file, manifest = taken(extract, "ada", how)

    table = pl.read_parquet(file) if how is Format.PARQUET else pl.read_csv(file)
    assert table.height > 0
    for name in COLUMNS[extract]:
        if extract is Extract.AUDIT:
            assert keys_of(table[name]) & IN_WORDS == set()
            assert {"record", "consent", "judged_as"} <= keys_of(table[name])
        else:
            assert table[name].null_count() == table.height
    assert WORDS.encode() not in file.read_bytes()
    assert [
        (one.column, one.kind, one.treatment, one.why) for one in manifest.withheld
    ] == [(name, *KINDS[extract], "words_may_name_an_arm") for name in COLUMNS[extract]]
    told = json.loads(file.with_name(f"{file.name}.manifest.json").read_text())
    assert [one["column"] for one in told["withheld"]] == COLUMNS[extract]
    others = (*told["left_out"], *told["changed"])
    assert not set(COLUMNS[extract]) & {one["column"] for one in others}


def test_open_arms_at_one_site_are_not_enough_for_the_words_of_all(spoken, taken):
    let(spoken.registry, "ada", roles=(Role.AUDITOR,))
    one_role(spoken, "ada", Role.COORDINATOR, site="A")
    let(spoken.registry, "bo", roles=(Role.AUDITOR, Role.COORDINATOR))

    file, _ = taken(Extract.AUDIT, "ada")
    assert keys_of(row["detail"] for row in rows_of(file)) & IN_WORDS == set()
    file, _ = taken(Extract.AUDIT, "bo")
    assert WORDS in file.read_text()


def test_with_a_trial_the_places_of_that_trial_count(spoken, taken):
    for role, trial in ((Role.COORDINATOR, "TIDE"), (Role.BLINDED_STATISTICIAN, "X")):
        let_in(spoken, "ada", role, trial=trial)

    file, _ = taken(Extract.OUTCOMES, "ada")
    assert WORDS not in file.read_text()
    file, manifest = taken(Extract.OUTCOMES, "ada", trial="TIDE")
    assert WORDS in file.read_text()
    assert manifest.withheld == ()


def keys_of(details):
    """The names of all particulars told."""
    return {name for detail in details for name in json.loads(detail)}


def rows_of(file):
    with file.open() as lines:
        return list(csv.DictReader(lines))
