"""Whoever reads, by whatever roles, is told the same by both databases: what is theirs."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up.two_houses import AT, SITES, TRIALS, Houses
from sqlalchemy import select

from registry.domain.role_matrix import MATRIX
from registry.domain.roles import EVERYWHERE, Person, Place, Role, Sight, Surface
from registry.store.roles import grant_roles
from registry.store.row_rules import RULES
from registry.store.rows.base import Row
from registry.store.unit_of_work import open_registry


pytestmark = pytest.mark.postgres

HELD = st.frozensets(
    st.tuples(
        st.sampled_from(Role),
        st.builds(
            Place,
            st.sampled_from((*SITES, EVERYWHERE)),
            st.sampled_from((*TRIALS, EVERYWHERE)),
        ),
    ),
    max_size=4,
)
UNTOLD = {"fluid_days": Surface.RECEIVED, "steroid_days": None}
"""Outcomes that count what was given, and who is told; None: nobody."""
BY_WHICH = {
    "consent_revision": ("participant", "participant"),
    "randomisation_request": ("participant", "participant"),
    "human_answer": ("screening_revision", "screening_id"),
    "alert_event": ("alert", "alert_id"),
    "misrandomisation_received": ("misrandomisation", "misrandomisation_id"),
}
ANY = frozenset(("opt_out", "recruitment_pause"))
"""Tables where an empty trial or site means any."""
OTHERWISE = frozenset(("randomisation_id", "position", "arm_commitment"))
"""Columns that one registry need not have as the other."""
_names = count()


@dataclass(frozen=True, repr=False)
class Both:
    """The registries, the connection of an owner, and all rows of the first."""

    one: object
    other: object
    owner: object
    everything: dict

    def __iter__(self):
        return iter((self.one, self.other, self.owner, self.everything))


@pytest.fixture(scope="module")
def both(postgres, sqlite_template, tmp_path_factory):
    """The same made-up houses in both databases."""
    file = tmp_path_factory.mktemp("alike") / "registry.sqlite"
    shutil.copy(sqlite_template, file)
    with postgres.database() as url:
        grant_roles(url)
        with (
            closing(open_registry(f"sqlite:///{file}")) as one,
            closing(open_registry(url)) as other,
            psycopg.connect(url, autocommit=True) as owner,
        ):
            Houses(one).build()
            Houses(other).build()
            yield Both(one, other, owner, rows(one))


def rows(registry, person=None):
    """All rows of all tables that people may read, as somebody sees them."""
    book = registry if person is None else registry.seen_by(person)
    with book.reading() as views:
        return {
            name: [
                dict(row)
                for row in views._connection.execute(  # noqa: SLF001  as any query would
                    select(Row.metadata.tables[name])
                ).mappings()
            ]
            for name, rule in RULES.items()
            if rule is not None
        }


def granted(owner, held):
    """The person, with rows of grants for PostgreSQL to read."""
    name = f"person-{next(_names)}"
    for number, (role, place) in enumerate(held):
        entry = f"{name}-{number}"
        values = (entry, entry, 1, name, role.value, place.site, place.trial)
        owner.execute(
            "INSERT INTO role_grant VALUES "
            "(%s, %s, %s, %s, %s, %s, %s, %s, NULL, %s, 'root', 'a test')",
            (*values, AT, AT),
        )
    return Person(name=name, held=held)


def expected(everything, person):
    """What the matrix says, row by row: the rules' rules, written another way."""
    whole = {
        name: {row[key]: row for row in everything[name]}
        for name, key in BY_WHICH.values()
    }
    outcomes = {r["outcome_id"]: r["outcome"] for r in everything["outcome_revision"]}

    def seen(surface, row, *, empty):
        return any(
            MATRIX[surface][role].sight is not Sight.NOTHING
            and _at(place.site, row, "site", empty=empty)
            and _at(place.trial, row, "trial", empty=empty)
            for role, place in person.held
        )

    def told(name, row):
        if name not in ("outcome_revision", "judged_outcome"):
            return True
        outcome = row.get("outcome") or outcomes[row["outcome_id"]]
        surface = UNTOLD.get(outcome, Surface.OUTCOMES)
        return surface is not None and seen(surface, row, empty=False)

    def shown(name, row):
        rule = RULES[name]
        if name == "role_grant" and row["person"] == person.name:
            return True
        owner, key = BY_WHICH.get(name, (None, None))
        placed = row if owner is None else whole[owner][row[key]]
        return seen(rule.surface, placed, empty=name in ANY) and told(name, row)

    return {
        name: [row for row in every if shown(name, row)]
        for name, every in everything.items()
    }


def _at(held, row, column, *, empty):
    if column not in row:
        return True
    told = row[column]
    return held in (EVERYWHERE, told) or (empty and told == "")


def plain(told):
    """Comparable, without what no two registries have alike, and without grants."""
    return {
        name: sorted(
            repr({k: v for k, v in row.items() if k not in OTHERWISE}) for row in some
        )
        for name, some in told.items()
        if name not in ("role_grant", "audit_event", "audit_head", "eligibility")
    }


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=HELD)
def test_both_databases_show_what_the_matrix_gives(both, held):
    one, other, owner, everything = both
    person = granted(owner, held)

    theirs = rows(one, person)

    assert plain(theirs) == plain(expected(everything, person))
    assert plain(rows(other, person)) == plain(theirs)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=HELD)
def test_the_audit_is_shown_by_chain(both, held):
    """Rows differ in their hashes: the two registries drew nonces of their own."""
    one, other, owner, everything = both
    person = granted(owner, held)
    wanted = _chains(expected(everything, person))

    assert _chains(rows(one, person)) == wanted
    assert _chains(rows(other, person)) == wanted


def _chains(told):
    return sorted(
        (row["site"], row["trial"], row["sequence"]) for row in told["audit_event"]
    )


def test_who_has_no_role_sees_nothing_at_all(both):
    one, other, _, _ = both
    nobody = Person(name="nobody", held=frozenset())
    for registry in (one, other):
        assert {name for name, some in rows(registry, nobody).items() if some} == set()


def test_a_snapshot_for_somebody_leaves_nothing_behind(both):
    """The next reader of a pooled connection is not taken for the last."""
    one, other, owner, everything = both
    for registry in (one, other):
        rows(registry, granted(owner, frozenset()))
        assert len(rows(registry)["participant"]) == len(everything["participant"])
