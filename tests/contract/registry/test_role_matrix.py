"""Each role at each surface: what appears is what the matrix gives, and nothing else.

Everybody here has one role, at site A in trial tide; whatever is of site B or trial wave
carries that in its words.
"""

from __future__ import annotations

import json
import shutil
from contextlib import closing

import psycopg
import pytest
from made_up.at_the_terminal import (
    NOBODY,
    Terminal,
    alone,
    assert_refused,
    let_in,
    sight,
)
from made_up.two_houses import (
    BLINDED_ARMS,
    OPEN_ARMS,
    Houses,
    patient,
)
from psycopg.errors import InsufficientPrivilege

from registry.app.commands import (
    alerts,
    audit,
    consent,
    deviation,
    explain,
    export,
    feeds,
    identity,
    opt_out,
    query,
    randomise,
    role,
    score,
    screening,
    signature,
)
from registry.domain.role_matrix import FLOW_RESTS_ON, MATRIX
from registry.domain.roles import Role, Sight, Surface
from registry.store.roles import grant_roles
from registry.store.row_rules import RULES
from registry.store.rows.base import Row
from registry.store.unit_of_work import open_registry
from streams.vocabulary.errors import ErrorCode, InputError


MINE, SIBLING, FOREIGN = "-A-tide", "-A-wave", ("-B-tide", "-B-wave")
GIVEN_OPENLY, GIVEN_BLINDED = "5.2513579", "7.7513579"
"""Values of outcomes that count what was given."""


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def house(request, tmp_path_factory):
    """The URL of the two houses' registry; on PostgreSQL each role has its own login."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("houses") / "registry.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield _built(f"sqlite:///{file}")
        return
    server = request.getfixturevalue("postgres")
    with server.database() as url:
        grant_roles(url)
        for one in Role:
            let_in(server, one)
        yield _built(url)


def _built(url):
    book = open_registry(url)
    Houses(book).build()
    book.close()
    return url


def own_login(url, one):
    """The same registry by the login of a person; SQLite has none."""
    return url.replace("//ember@", f"//{one.value}@")


@pytest.fixture(params=list(Role), ids=lambda one: one.value)
def terminal(request, house, tmp_path):
    return Terminal(house, request.param, tmp_path)


EXPLAIN, SCORE, FEEDS, EXPORT, RANDOMISE = map(
    alone,
    (explain.explain, score.score, feeds.feeds, export.export_, randomise.randomise),
)
BY_SITE = frozenset((Surface.FLAGS, Surface.RECORD))
"""What has no trial is seen by site."""

READS = {
    ("query", "onsets"): (Surface.FLAGS, query.app, ("onsets",)),
    ("query", "screenings"): (Surface.SCREENINGS, query.app, ("screenings",)),
    ("query", "participants"): (Surface.PARTICIPANTS, query.app, ("participants",)),
    ("query", "consents"): (Surface.CONSENTS, query.app, ("consents",)),
    ("query", "outcomes"): (Surface.OUTCOMES, query.app, ("outcomes",)),
    ("query", "deviations"): (Surface.DEVIATIONS, query.app, ("deviations",)),
    ("alerts", "list"): (Surface.ALERTS, alerts.app, ("list",)),
    ("signature", "verify"): (Surface.SIGNATURES, signature.app, ("verify",)),
    ("role", "list"): (Surface.PEOPLE, role.app, ("list",)),
}
"""Commands that list rows of people or of patients, who are told apart by words."""

COUNTS = {
    ("query", "flow"): (Surface.FLOW, query.app, ("flow",)),
    ("query", "agreement"): (Surface.ANSWERS, query.app, ("agreement",)),
    ("query", "separation"): (Surface.RECEIVED, query.app, ("separation",)),
    ("query", "strata"): (Surface.SCREENINGS, query.app, ("strata",)),
    ("feeds",): (Surface.PROTOCOLS, FEEDS, ()),
    ("audit", "verify"): (Surface.AUDIT, audit.app, ("verify",)),
}
"""Commands that name no patient."""

EXPORTS = {
    "participants": Surface.PARTICIPANTS,
    "subjects": Surface.PARTICIPANTS,
    "screenings": Surface.SCREENINGS,
    "outcomes": Surface.OUTCOMES,
    "audit": Surface.AUDIT,
}


def assert_only_theirs(told, one, surface):
    """No other site, no other trial where there is one, no arm they may not know."""
    assert not [mark for mark in FOREIGN if mark in told]
    if surface not in BY_SITE:
        assert SIBLING not in told
        assert "wave" not in told
    hidden = list(BLINDED_ARMS)
    if sight(one, Surface.OPEN_ARMS) is Sight.NOTHING:
        hidden += OPEN_ARMS
    assert not [arm for arm in hidden if arm in told]
    assert GIVEN_BLINDED not in told
    if sight(one, Surface.RECEIVED) is Sight.NOTHING:
        assert GIVEN_OPENLY not in told
    assert "MRN-" not in told


def test_rows_are_told_to_whose_role_it_is_and_of_their_place_alone(terminal):
    for named in READS:
        _assert_rows(terminal, named)


def _assert_rows(terminal, named):
    surface, command, words = READS[named]

    told = terminal(command, *words, "--json")

    if sight(terminal.who, surface) is Sight.NOTHING:
        assert_refused(told, terminal)
        return
    assert terminal.code is None, told
    assert_only_theirs(told, terminal.who, surface)
    rows = json.loads(told)
    assert rows
    if surface not in (Surface.SIGNATURES, Surface.PEOPLE, Surface.DEVIATIONS):
        assert MINE in told
    elif surface is Surface.DEVIATIONS:
        assert f"words{MINE}" in {row["description"] for row in rows}
    elif surface is Surface.PEOPLE:
        assert {row["person"] for row in rows} == {one.value for one in Role}


def test_counts_are_of_their_place_alone_and_name_nobody(terminal):
    for named in COUNTS:
        _assert_counts(terminal, named)


def _assert_counts(terminal, named):
    surface, command, words = COUNTS[named]

    told = terminal(command, *words, "--json")

    if sight(terminal.who, surface) is Sight.NOTHING:
        assert_refused(told, terminal)
        return
    assert terminal.code is None, told
    assert_only_theirs(told, terminal.who, surface)
    assert not [mark for mark in NOBODY if mark in told]
    if surface is Surface.FLOW:
        assert [(f["trial"], f["domain"], f["boxes"][0]) for f in json.loads(told)] == [
            ("tide", "fluids", ["assessed", 2]),
            ("tide", "steroids", ["assessed", 2]),
        ]


def test_an_open_arm_is_told_to_whose_role_it_is(terminal):
    if sight(terminal.who, Surface.PARTICIPANTS) is Sight.NOTHING:
        pytest.skip("sees nobody at all")
    rows = json.loads(terminal(query.app, "participants", "--json"))

    shown = {row["domain"]: row["arm"] is not None for row in rows}
    assert shown == {
        "fluids": sight(terminal.who, Surface.OPEN_ARMS) is Sight.ROWS,
        "steroids": False,
    }


def test_a_blinded_arm_is_told_to_whose_role_it_is(terminal):
    """On PostgreSQL by a login of their own: no process reads it for them."""
    told = terminal(query.app, "arms", "--json")
    if sight(terminal.who, Surface.BLINDED_ARMS) is Sight.NOTHING:
        assert_refused(told, terminal)
        return
    rows = json.loads(told)
    assert {(r["site"], r["trial"]) for r in rows} == {("A", "tide")}
    with closing(open_registry(terminal.url)) as book, book.inspection() as uow:
        drawn = [
            (one.participant, one.domain, uow.allocations.arm(one.randomisation_id))
            for one in uow.allocations.of_trial("tide")
            if one.site == "A"
        ]
    assert len(drawn) == 4
    told = sorted((r["participant"], r["domain"], r["arm"]) for r in rows)
    assert told == sorted(drawn)


def test_a_look_at_blinded_arms_is_on_record_before_it_is_answered(terminal):
    """Who, when and how many; no arm. What cannot be put on record is not shown."""
    before = looks(terminal)

    told = terminal(query.app, "arms", "--json")

    if sight(terminal.who, Surface.BLINDED_ARMS) is Sight.NOTHING:
        assert looks(terminal) == before
        return
    (row,) = looks(terminal)[len(before) :]
    assert (row.site, row.trial, row.actor) == ("A", "tide", terminal.who.value)
    assert json.loads(row.detail) == {"arms": len(json.loads(told))}
    if terminal.url.startswith("postgresql"):
        unrecorded = own_login(terminal.url, terminal.who)
        told = terminal(query.app, "arms", "--json", url=unrecorded)
        assert terminal.code is ErrorCode.ROLES_NOT_KEPT
        assert not [arm for arm in BLINDED_ARMS if arm in told]
    found_none = looks(terminal, "", "")
    terminal(query.app, "arms", "--trial", "none", "--json")
    assert terminal.code is ErrorCode.UNKNOWN_PART
    assert looks(terminal, "", "") == found_none


def looks(terminal, site="A", trial="tide"):
    """The rows of the audit that tell of looks at blinded arms."""
    with closing(open_registry(terminal.url)) as book, book.inspection() as uow:
        rows = list(uow.audit.rows(site=site, trial=trial))
    return [row for row in rows if row.action == "arms:shown"]


def test_a_patients_record_is_told_to_whose_role_it_is(terminal):
    mine, other = patient("A", "tide"), patient("B", "tide")
    scored = ("--at", "2020-03-01T12:00Z", "--json")
    for command, words in ((EXPLAIN, ("--json",)), (SCORE, scored)):
        told = terminal(command, mine, *words)
        if sight(terminal.who, Surface.RECORD) is Sight.NOTHING:
            assert_refused(told, terminal)
            continue
        assert_only_theirs(told, terminal.who, Surface.RECORD)
        with pytest.raises(InputError, match="knows no patient"):
            terminal(command, other, *words[:-1])


def test_an_extract_holds_what_its_rows_may_hold(terminal):
    for extract in EXPORTS:
        _assert_extract(terminal, extract)


def _assert_extract(terminal, extract):
    surface, out = EXPORTS[extract], terminal.folder / extract
    for profile in ("limited", "safe_harbor"):
        told = terminal(
            EXPORT, extract, "--profile", profile, "--out", str(out / profile)
        )
        if sight(terminal.who, surface) is Sight.NOTHING:
            assert_refused(told, terminal)
            assert not out.exists()
            continue
        assert terminal.code is None, told
        files = sorted((out / profile).iterdir())
        held = "\n".join((told, *map(str, files), *(f.read_text() for f in files)))
        if extract != "audit":
            assert_only_theirs(held, terminal.who, surface)
        assert not [mark for mark in FOREIGN if mark in held]


def test_names_are_told_to_whose_role_it_is_and_at_their_site_alone(terminal):
    words = ("--reason", "a call", "--actor", terminal.who.value)
    mine = (patient("A", "tide"), "--site", "A", *words)
    told = terminal(identity.app, "open", *mine, who=False)
    if sight(terminal.who, Surface.IDENTIFIERS) is Sight.NOTHING:
        assert_refused(told, terminal)
        return
    assert "MRN-A-tide" in told
    other = (patient("B", "tide"), "--site", "B", *words)
    assert_refused(terminal(identity.app, "open", *other, who=False), terminal)


ACTS = {
    Surface.RECORD_CONSENT: (
        (consent.app, ("record", "{patient}", "asked", "--trial", "{trial}")),
        (opt_out.app, ("record", "{patient}", "--site", "{site}")),
    ),
    Surface.ANSWER_CRITERIA: (
        (
            screening.app,
            ("answer", "{patient}", "nothing", "true", "--domain", "fluids"),
        ),
    ),
    Surface.RANDOMISE: ((RANDOMISE, ("{patient}", "--domain", "fluids")),),
}


@pytest.mark.parametrize("surface", ACTS)
def test_an_act_is_for_whose_role_it_is_and_at_their_place(
    terminal, surface, tmp_path, monkeypatch
):
    (tmp_path / "tide.key").write_bytes(bytes(range(32)))
    monkeypatch.setenv("EMBER_ALLOCATION_KEYS", str(tmp_path))
    allowed = sight(terminal.who, surface) is Sight.MAY
    for command, words in ACTS[surface]:
        if command is opt_out.app and allowed:
            continue
        if command is RANDOMISE and "postgresql" in terminal.url and allowed:
            continue
        for site, trial in (("A", "tide"), ("B", "tide"), ("A", "wave")):
            told = terminal(
                command,
                *_filled(words, site, trial),
                "--actor",
                terminal.who.value,
                who=False,
            )
            if not allowed:
                assert_refused(told, terminal)
            elif (site, trial) != ("A", "tide"):
                assert "EMB-320" in told
            else:
                assert terminal.code is None
                assert "EMB-397" not in told
                assert "EMB-320" not in told


def _filled(words, site, trial):
    who = patient(site, trial, 2)
    return [w.format(patient=who, site=site, trial=trial) for w in words]


def test_deviations_are_recorded_where_the_role_is(terminal):
    if sight(terminal.who, Surface.PARTICIPANTS) is Sight.NOTHING:
        code = "tide-A-1"
    else:
        rows = json.loads(terminal(query.app, "participants", "--json"))
        code = rows[0]["participant"]
    words = (
        *("record", code, "--kind", "treatment", "--what", "late", "--no-important"),
        *("--happened-at", "2020-03-01T12:00Z", "--actor", terminal.who.value),
    )
    told = terminal(deviation.app, *words, who=False)
    may = sight(terminal.who, Surface.RECORD_CONDUCT) is Sight.MAY
    if not may:
        assert_refused(told, terminal)
    else:
        assert "is on record" in told


def test_every_table_has_a_rule_of_its_own():
    assert set(RULES) == set(Row.metadata.tables)


def test_every_cell_has_a_reason():
    assert set(MATRIX) == set(Surface)
    for row in MATRIX.values():
        assert set(row) == set(Role)
        assert all(cell.reason for cell in row.values())


@pytest.mark.parametrize("one", Role)
def test_who_counts_the_flow_sees_what_it_counts(one):
    if sight(one, Surface.FLOW) is not Sight.NOTHING:
        assert all(sight(one, s) is Sight.ROWS for s in FLOW_RESTS_ON)


@pytest.mark.parametrize("one", Role)
def test_who_sees_blinded_arms_is_no_blinded_role(one):
    unblinded = {Role.UNBLINDED_STATISTICIAN, Role.DSMB}
    assert (sight(one, Surface.BLINDED_ARMS) is not Sight.NOTHING) == (one in unblinded)


@pytest.mark.postgres
@pytest.mark.parametrize("one", Role, ids=lambda one: one.value)
def test_a_login_sees_no_more_whatever_it_says_it_is(house, one):
    """No setting, no role that it may take, widens what the grants give."""
    if house.startswith("sqlite"):
        pytest.skip("one file holds everything")
    with psycopg.connect(own_login(house, one), autocommit=True) as connection:
        connection.execute("SET ember.person = 'root'")
        for name, rule in RULES.items():
            if rule is None:
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(f"SELECT 1 FROM {name}")
                continue
            told = str(connection.execute(f"SELECT * FROM {name}").fetchall())
            assert not [mark for mark in FOREIGN if mark in told], name
            if rule.trial is not None and rule.own is None:
                assert SIBLING not in told, name
        for role_name in ("ember_registry", "ember_signer", "ember_reader", "ember"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(f"SET ROLE {role_name}")
        hidden = "sealed.assignment", "vault.identifier", "open_label_arm"
        for name in hidden:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {name}")
        shown = connection.execute("SELECT arm FROM seen.open_label_arm").fetchall()
        may = sight(one, Surface.OPEN_ARMS) is Sight.ROWS
        assert len(shown) == (2 if may else 0)
        for name in ("participant", "role_grant", "audit_event"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(f"INSERT INTO {name} SELECT * FROM {name}")
