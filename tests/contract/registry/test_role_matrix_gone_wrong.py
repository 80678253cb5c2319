"""Each role at kits, reveals, broken blinds, errors, rehearsals, pages and vectors.

As in `test_role_matrix`: everybody has one role, at site A in trial tide; whatever is of
site B or trial wave carries that in its words.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest
import yaml
from contract.registry import test_role_matrix as matrix
from contract.registry import test_role_matrix_of_trials as trials
from made_up.at_the_terminal import (
    Terminal,
    alone,
    assert_refused,
    let_in,
    sight,
)
from made_up.houses_gone_wrong import (
    ADAPTIVE_ARMS,
    DEFERRED_ARMS,
    HousesGoneWrong,
    at_the_depot,
    code,
    kit_lines,
    note,
    received,
)
from made_up.two_houses import AT, BLINDED_ARMS, PLACES
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select

from registry.app.clocks import SystemClock
from registry.app.commands import (
    deviation,
    fallback,
    kit,
    misrandomisation,
    query,
    rehearse,
    reveal,
    role,
    signature,
    unblind,
)
from registry.app.commands.asking import asking
from registry.domain.roles import Role, Sight, Surface
from registry.domain.unblinding import UnblindingReason
from registry.signing.unblinding import unblinded
from registry.store.roles import grant_roles
from registry.store.rows.base import Row
from registry.store.unit_of_work import open_registry
from registry.usecases.break_blind import ArmShown, BlindKept, BreakBlind
from streams.vocabulary.errors import ErrorCode


ROLES = list(Role)
HERE, ELSEWHERE = ("A", "tide"), (("B", "tide"), ("A", "wave"))
FOREIGN = ("-B-tide", "-A-wave", "-B-wave", "tide-B-", "wave-A-", "wave-B-")
UNBLIND, REHEARSE = alone(unblind.unblind), alone(rehearse.rehearse)


@dataclass(frozen=True)
class House:
    """Where its registry is, and the pages that were printed."""

    url: str
    made: dict


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def house(request, tmp_path_factory):
    """One registry a database; on PostgreSQL each role has its own login."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("wrong") / "registry.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield _built(f"sqlite:///{file}")
        return
    server = request.getfixturevalue("postgres")
    with server.database() as url:
        grant_roles(url)
        for one in ROLES:
            let_in(server, one)
        yield _built(url)


def _built(url):
    with closing(open_registry(url)) as book:
        return House(url, HousesGoneWrong(book).build().made)


@pytest.fixture(params=ROLES, ids=lambda one: one.value)
def terminal(request, house, tmp_path, monkeypatch, caplog):
    """Who asks; whatever was logged meanwhile names no hidden arm and nobody else's."""
    monkeypatch.delenv("EMBER_SIGNER", raising=False)
    yield Terminal(house.url, request.param, tmp_path)
    assert_hidden(caplog.text)
    assert not [mark for mark in FOREIGN if mark in caplog.text]


def assert_hidden(told):
    """No blinded arm, and no share of an adaptive one."""
    assert not [arm for arm in BLINDED_ARMS if arm in told]
    assert not [share for share in ("0.8125", "812500000") if share in told]


def assert_theirs(told):
    assert not [mark for mark in FOREIGN if mark in told]
    others = {*received("B", "tide"), *(one.kit for one in kit_lines("wave"))}
    assert not [one for one in others if one in told]


LISTS = {
    "kit list": (Surface.KITS, kit.app, ("list", "--trial", "tide")),
    "kit stock": (Surface.KIT_STOCK, kit.app, ("stock", "--trial", "tide")),
    "reveal list": (Surface.PARTICIPANTS, reveal.app, ("list", "--trial", "tide")),
    "unblindings": (Surface.PARTICIPANTS, query.app, ("unblindings",)),
    "misrandomisations": (Surface.PARTICIPANTS, query.app, ("misrandomisations",)),
}
"""Commands that read; `reveal list` has a table alone."""
SHOWN = {
    "kit list": received(*HERE)[0],
    "kit stock": '"in_stock":',
    "reveal list": code(*HERE, 2),
    "unblindings": '"reason":"treatment"',
    "misrandomisations": code(*HERE, 2),
}
"""What is there for who may see it."""


@pytest.mark.parametrize("named", LISTS)
def test_a_list_is_told_to_whose_role_it_is_and_of_their_place_alone(terminal, named):
    surface, command, words = LISTS[named]
    words = words if named == "reveal list" else (*words, "--json")

    told = terminal(command, *words)

    assert_hidden(told)
    if sight(terminal.who, surface) is Sight.NOTHING:
        assert_refused(told, terminal)
        return
    assert terminal.code is None, told
    assert SHOWN[named] in told
    assert_theirs(told)
    assert not [arm for arm in DEFERRED_ARMS if arm in told]
    if sight(terminal.who, Surface.OPEN_ARMS) is Sight.NOTHING:
        assert not [arm for arm in ADAPTIVE_ARMS if arm in told]


STEERED = {"vectors": Surface.VECTORS, "green-lights": Surface.PEOPLE}


@pytest.mark.parametrize("named", STEERED)
def test_what_steers_draws_is_told_to_whose_role_it_is_and_of_their_place_alone(
    terminal, named
):
    told = terminal(query.app, named, "--json")

    if sight(terminal.who, STEERED[named]) is Sight.NOTHING:
        assert_refused(told, terminal)
        assert_hidden(told)
        return
    assert_theirs(told)
    rows = json.loads(told)
    assert {(row.get("site", "A"), row["trial"]) for row in rows} == {HERE}


def test_the_stock_of_an_arm_is_told_in_numbers_to_who_knows_what_kits_hold(terminal):
    """By when the stock of one content moves, an arm could be told to others."""
    words = ("stock", "--trial", "tide", "--unblinded", "--json")
    before = looks_at_stock(terminal)

    told = terminal(kit.app, *words, url=own_login(terminal))

    if sight(terminal.who, Surface.KIT_CONTENTS) is Sight.NOTHING:
        assert_refused(told, terminal)
        assert looks_at_stock(terminal) == before
        return
    if terminal.url.startswith("postgresql"):
        assert ErrorCode.ROLES_NOT_KEPT in told
        told = terminal(kit.app, *words)
    assert terminal.code is None, told
    rows = json.loads(told)
    held = Counter(one.arm for one in kit_lines("tide") if one.kit in received(*HERE))
    assert {row["arm"] for row in rows} <= set(BLINDED_ARMS)
    assert {row["site"] for row in rows} == {"A"}
    assert 0 < sum(row["in_stock"] for row in rows) <= held.total()
    assert all(row["in_stock"] <= held[row["arm"]] for row in rows)
    assert not [one.kit for one in kit_lines("tide") if one.kit in told]
    assert_theirs(told)
    (look,) = looks_at_stock(terminal)[len(before) :]
    assert (look.actor, json.loads(look.detail)) == (
        terminal.who.value,
        {"kits": len(received(*HERE))},
    )
    assert not [arm for arm in BLINDED_ARMS if arm in look.detail]


def test_the_application_reads_no_stock_by_arm_whoever_it_says_it_reads_for(house):
    if house.url.startswith("sqlite"):
        pytest.skip("one file holds everything")
    with psycopg.connect(house.url, autocommit=True) as connection:
        connection.execute("SET ROLE ember_registry")
        connection.execute("SET ember.person = 'custodian'")
        for role_name in ("ember_registry", "ember_reader", "ember_person"):
            connection.execute("RESET ROLE")
            connection.execute(f"SET ROLE {role_name}")
            with pytest.raises(InsufficientPrivilege):
                connection.execute("SELECT * FROM seen.stock_by_arm")


@pytest.mark.parametrize("one", ROLES, ids=lambda one: one.value)
def test_a_login_of_the_unblinded_sees_by_its_own_role_alone(house, one):
    """The custodian's counts kits and reads no arm; the board's reads arms alone."""
    if house.url.startswith("sqlite"):
        pytest.skip("one file holds everything")
    of_view = {
        "any_arm": Surface.BLINDED_ARMS,
        "unblinding_note": Surface.BLINDED_ARMS,
        "stock_by_arm": Surface.KIT_CONTENTS,
    }
    with psycopg.connect(login_of(house.url, one), autocommit=True) as connection:
        for view, surface in of_view.items():
            try:
                told = connection.execute(f"SELECT * FROM seen.{view}").fetchall()
            except InsufficientPrivilege:
                told = []
            assert bool(told) == (sight(one, surface) is not Sight.NOTHING), view


def login_of(url, one):
    return url.replace("//ember@", f"//{one.value}@")


def own_login(terminal):
    return login_of(terminal.url, terminal.who)


def looks_at_stock(terminal):
    with closing(open_registry(terminal.url)) as book, book.inspection() as uow:
        rows = list(uow.audit.rows(site="A", trial="tide"))
    return [row for row in rows if row.action == "kits:stock_shown"]


def test_stock_is_of_all_arms_together(terminal):
    if sight(terminal.who, Surface.KIT_STOCK) is Sight.NOTHING:
        pytest.skip("sees no stock: as the list of cells says")
    rows = json.loads(terminal(kit.app, "stock", "--trial", "tide", "--json"))

    assert {(row["site"], row["arm"]) for row in rows} == {("A", None)}


def test_an_arm_that_is_revealed_is_told_as_an_open_one_and_a_hidden_one_is_not(
    terminal,
):
    told = terminal(query.app, "participants", "--json")
    if sight(terminal.who, Surface.PARTICIPANTS) is Sight.NOTHING:
        assert_refused(told, terminal)
        return
    assert_theirs(told)
    assert_hidden(told)
    shown = {
        (row["participant"], row["domain"])
        for row in json.loads(told)
        if row["arm"] is not None and row["domain"] in ("care", "steroids")
    }
    first, third = code(*HERE, 1), code(*HERE, 3)
    may = sight(terminal.who, Surface.OPEN_ARMS) is Sight.ROWS
    assert {(first, "care")} & shown == ({(first, "care")} if may else set())
    assert shown <= ({(first, "care"), (third, "care")} if may else set())


def _at(site, trial):
    return ("--trial", trial, "--site", site)


def _receive(site, trial, _terminal, _house):
    kits = at_the_depot(trial)
    return ("receive", kits[ROLES.index(_terminal.who)], *_at(site, trial))


def _dispense(site, trial, _terminal, _house):
    return ("dispense", received(site, trial)[0], *_at(site, trial))


def _reveal(site, trial, _terminal, _house):
    place = ("--trial", trial, "--domain", "care")
    return ("arm", code(site, trial, 1), *place)


def _reveal_nothing(site, trial, _terminal, _house):
    place = ("--trial", trial, "--domain", "fluids")
    return ("arm", code(site, trial, 1), *place)


def _rehearse(site, trial, _terminal, _house):
    return (trial, "--domain", "steroids", "--site", site)


def _error(domain):
    def words(site, trial, _terminal, _house):
        told = ("--what", "late", "--happened-at", "2020-03-01T12:00Z")
        return ("record", "ineligible", code(site, trial, 1), "--domain", domain, *told)

    return words


def _deviation(domain):
    def words(site, trial, _terminal, _house):
        told = ("--what", "late", "--happened-at", "2020-03-01T12:00Z", "--important")
        kind = ("--kind", "treatment", "--domain", domain)
        return ("record", code(site, trial, 1), *kind, *told)

    return words


def _backfill(site, trial, terminal, house):
    made = house.made[site, trial]
    page = made.pages[1]
    file = terminal.folder / f"opened-{site}-{trial}.yaml"
    opened = {
        "envelope": page.envelope,
        "participant": code(site, trial, 2),
        "opened_at": AT.isoformat(),
        "by": "night doctor",
        "arm": page.arm,
        "opening_code": page.nonce,
    }
    outage = {"from": AT.isoformat(), "until": AT.isoformat()}
    told = {"list": made.sealed.list_id, "outage": outage, "opened": [opened]}
    file.write_text(yaml.safe_dump(told))
    return ("backfill", str(file))


ACTS = {
    "kit receive": (Surface.HANDLE_KITS, kit.app, _receive),
    "kit dispense": (Surface.HANDLE_KITS, kit.app, _dispense),
    "reveal arm": (Surface.RANDOMISE, reveal.app, _reveal),
    "reveal nothing": (Surface.RANDOMISE, reveal.app, _reveal_nothing),
    "rehearse": (Surface.RANDOMISE, REHEARSE, _rehearse),
    "misrandomisation": (
        Surface.RECORD_CONDUCT,
        misrandomisation.app,
        _error("steroids"),
    ),
    "no misrandomisation": (
        Surface.RECORD_CONDUCT,
        misrandomisation.app,
        _error("fluids"),
    ),
    "backfill": (Surface.RANDOMISE, fallback.app, _backfill),
    "deviation": (Surface.RECORD_CONDUCT, deviation.app, _deviation("")),
    "no deviation": (Surface.RECORD_CONDUCT, deviation.app, _deviation("none")),
}


@pytest.mark.parametrize("named", ACTS)
def test_an_act_is_for_whose_role_it_is_and_at_their_place(terminal, house, named):
    """Of elsewhere not even that it could not have been done is told."""
    surface, command, words = ACTS[named]
    allowed = sight(terminal.who, surface) is Sight.MAY
    if named == "backfill" and "postgresql" in house.url and allowed:
        pytest.skip("the signer enters pages")
    for place in (HERE, *ELSEWHERE):
        told = terminal(
            command,
            *words(*place, terminal, house),
            *("--actor", terminal.who.value),
            who=False,
        )

        assert_hidden(told)
        if not allowed or place != HERE:
            assert terminal.code is ErrorCode.NOT_THIS_ROLE, told
            assert not [arm for arm in DEFERRED_ARMS if arm in told]
        else:
            assert ErrorCode.NOT_THIS_ROLE not in told


def test_a_blind_is_broken_for_who_is_on_the_delegation_log_there(terminal, house):
    """The investigator is, at site A in trial tide; a role alone opens nothing."""
    log = sight(terminal.who, Surface.BREAK_BLIND) is Sight.MAY
    with closing(open_registry(house.url)) as book:
        for place in (HERE, *ELSEWHERE):
            asked = BreakBlind(
                participant=code(*place, 2),
                domain="steroids",
                reason=UnblindingReason.TREATMENT,
                actor=terminal.who.value,
                sponsor_told=False,
                at=SystemClock().now(),
            )
            done = unblinded(asked, book, None)
            assert isinstance(done, ArmShown if log and place == HERE else BlindKept)
            assert_hidden(repr(done))
    if "postgresql" in house.url:
        return
    words = (
        "--domain",
        "steroids",
        "--reason",
        "treatment",
        "--actor",
        terminal.who.value,
    )
    for place in (HERE, *ELSEWHERE):
        told = terminal(UNBLIND, code(*place, 1), *words, who=False)
        arms = [arm for arm in BLINDED_ARMS if arm in told]
        assert len(arms) == (1 if log and place == HERE else 0)


def test_why_a_blind_was_broken_is_told_in_words_to_who_may_know_arms(terminal):
    """On PostgreSQL by a login of their own, and on record: the words may name an arm."""
    before = matrix.looks(terminal)

    told = terminal(query.app, "unblinding-notes", "--json")

    looked = matrix.looks(terminal)[len(before) :]
    if sight(terminal.who, Surface.BLINDED_ARMS) is Sight.NOTHING:
        assert terminal.code is ErrorCode.NOT_THIS_ROLE, told
        assert_hidden(told)
        assert looked == []
        return
    words = {one["note"] for one in json.loads(told)}
    assert words == {note(*HERE)}
    assert len(looked) == 1


def test_beneath_what_was_given_instead_is_seen_by_who_sees_open_arms(terminal):
    """By whatever query; on PostgreSQL by the login of the person, too."""
    query = "SELECT received FROM misrandomisation_received"
    with closing(open_registry(terminal.url)) as book:
        theirs = book.seen_by(asking(book, terminal.who.value))
        with theirs.reading() as views:
            found = views._connection.exec_driver_sql(query)  # noqa: SLF001  as any query would
            seen = {given for (given,) in found}
        with theirs.inspection() as uow:
            errors = uow.misrandomisations.of_trial(None)
    told = {one.received for one in errors if one.received is not None}
    if terminal.url.startswith("postgresql"):
        own = matrix.own_login(terminal.url, terminal.who)
        with closing(open_registry(own)) as book, book.reading() as views:
            found = views._connection.exec_driver_sql(query)  # noqa: SLF001  as any query would
            assert {given for (given,) in found} == seen

    given = {"KIT-A-tide", "merlin"}
    if sight(terminal.who, Surface.OPEN_ARMS) is Sight.NOTHING:
        assert (seen, told) == (set(), set())
    else:
        assert (seen, told) == (given, given)


TABLES = {
    "allocation_vector": Surface.VECTORS,
    "arm_reveal": Surface.PARTICIPANTS,
    "kit": Surface.KITS,
    "kit_event": Surface.KITS,
    "kit_list": Surface.KITS,
    "kit_stock": Surface.KITS,
    "misrandomisation": Surface.PARTICIPANTS,
    "misrandomisation_received": Surface.OPEN_ARMS,
    "rehearsal": Surface.PARTICIPANTS,
    "sealed_list": Surface.PARTICIPANTS,
    "sealed_opening": Surface.PARTICIPANTS,
    "unblinding": Surface.PARTICIPANTS,
}


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_read_by_whose_role_it_is_and_of_their_place_alone(terminal, table):
    with closing(open_registry(terminal.url)) as book:
        theirs = book.seen_by(asking(book, terminal.who.value))
        with theirs.reading() as views:
            query = select(Row.metadata.tables[table])
            found = views._connection.execute(query)  # noqa: SLF001  as any query would
            rows = [dict(row) for row in found.mappings()]

    assert bool(rows) == (sight(terminal.who, TABLES[table]) is not Sight.NOTHING)
    places = {(row.get("site", "A"), row.get("trial", "tide")) for row in rows}
    assert places <= {HERE}
    if table != "allocation_vector":
        assert_hidden(str([{**row, "ratio": "as designed"} for row in rows]))


def test_a_role_is_given_by_who_may(terminal):
    words = ("somebody", "monitor", "--site", "A", "--trial", "tide", "--reason", "new")
    named = ("--actor", terminal.who.value)

    told = terminal(role.app, "grant", *words, *named, who=False)

    may = sight(terminal.who, Surface.HAND_OUT_ROLES) is Sight.MAY
    assert (ErrorCode.NOT_THIS_ROLE in told) != may


def test_a_record_is_signed_by_who_may(terminal, tmp_path, monkeypatch):
    """Whose role it is goes on to show who they are; the others do not get so far."""
    for name in ("signers", "secret"):
        (tmp_path / name).write_text("not the secret\n" if name == "secret" else "")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("EMBER_SIGNERS", str(tmp_path / "signers"))
    words = ("deviation", "none", "--meaning", "reviewed")

    told = terminal(
        signature.app, "sign", *words, "--secret-file", str(tmp_path / "secret")
    )

    may = sight(terminal.who, Surface.SIGN_RECORDS) is Sight.MAY
    assert (terminal.code is ErrorCode.NOT_THIS_ROLE) != may, told


BESIDE = {
    Surface.RECORD: "a patient's record",
    Surface.OPEN_ARMS: "an open arm; a revealed one",
    Surface.BLINDED_ARMS: "a blinded arm",
    Surface.KIT_CONTENTS: "the stock of an arm",
    Surface.IDENTIFIERS: "names",
    Surface.RECORD_CONDUCT: "deviations",
    Surface.BREAK_BLIND: "a blind is broken",
    Surface.SIGN_RECORDS: "a record is signed",
    Surface.HAND_OUT_ROLES: "a role is given",
    **dict.fromkeys(trials.ACTS, "whoever answers for the trial"),
}
"""Surfaces whose cells have a test of their own, and which it is."""


def test_no_surface_is_without_a_test():
    told = (*matrix.READS.values(), *matrix.COUNTS.values(), *LISTS.values())
    tried = {
        *(surface for surface, *_ in (*told, *ACTS.values())),
        *matrix.EXPORTS.values(),
        *matrix.ACTS,
        *TABLES.values(),
        *BESIDE,
    }
    assert tried == set(Surface)
    assert len(PLACES) == 4
