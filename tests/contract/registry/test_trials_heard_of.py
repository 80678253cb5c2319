"""A trial that nothing names is refused, and never answered as one without anybody."""

import pytest
from made_up.command_tree import commands
from made_up.pharmacy import Pharmacy
from made_up.role_holders import LONG_AGO, let, write_grant
from typer.testing import CliRunner

from registry.app.cli import app
from registry.domain.delegation import Duty
from registry.domain.role_matrix import MATRIX
from registry.domain.roles import EVERYWHERE, Role, Sight, Surface
from registry.store.roles import grant_roles
from registry.usecases.keep_delegations import (
    AddDelegation,
    DelegationKept,
    add_delegation,
)


WITH = {
    ("export",): ("audit", "--out", "out", "--profile", "limited"),
    ("delegation", "list"): ("--site", "A"),
}
"""What a command wants besides, to be answered at all."""
ASKING = [
    path
    for path, params in commands()
    if {"--trial", "--as"} <= {name for one in params for name in one.opts}
]
"""Every command that only tells, and can be asked of one trial."""


@pytest.fixture
def ask(registry_url, tmp_path, monkeypatch):
    """What a command says when it is asked of a trial, and by its exit whether it told."""
    monkeypatch.chdir(tmp_path)

    def run(path, trial, who="somebody"):
        words = [*path, *WITH.get(path, ()), "--trial", trial, "--as", who]
        done = CliRunner().invoke(app, [*words, "--registry", registry_url])
        return done.exit_code, f"{done.output} {done.exception}"

    return run


def test_these_are_asked():
    assert {path[0] for path in ASKING} == {
        *("query", "export", "kit", "delegation", "reveal")
    }
    assert len([path for path in ASKING if path[0] == "query"]) >= 13


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("path", ASKING, ids=" ".join)
def test_a_misspelt_trial_is_refused_and_nothing_is_written(
    path, ask, bedside, registry, tmp_path
):
    bedside.open_trial()
    bedside.hear(bedside.verdict(trial="TIDAL"))
    with registry.inspection() as uow:
        before = uow.audit.heads()

    code, said = ask(path, "TYDE")

    assert code == 1
    assert "EMB-351" in said
    assert "no trial 'TYDE' here" in " ".join(said.split())
    assert "TIDAL, TIDE" in said
    assert list(tmp_path.glob("out*")) == []
    with registry.inspection() as uow:
        assert uow.audit.heads() == before
    assert "EMB-351" not in ask(path, "TIDE")[1]
    assert "EMB-351" not in ask(path, "TIDAL")[1]


@pytest.mark.parametrize("path", ASKING, ids=" ".join)
def test_a_trial_of_elsewhere_is_refused_as_one_there_is_none_of(
    path, ask, bedside, registry, registry_url
):
    if registry.dialect == "postgresql":
        grant_roles(registry_url)
    bedside.open_trial()
    bedside.declare("WAVE")
    bedside.hear(bedside.verdict(trial="WAVE"))
    let(registry, roles=())
    with registry.transaction() as uow:
        for role in Role:
            write_grant(uow, "ada", role, site=EVERYWHERE, trial="TIDE", at=LONG_AGO)

    elsewhere, nowhere = ask(path, "WAVE", "ada"), ask(path, "NONE", "ada")

    assert "EMB-351" in nowhere[1]
    assert (elsewhere[0], elsewhere[1].replace("WAVE", "NONE")) == nowhere


def delegate(bedside):
    command = AddDelegation(
        site="A",
        trial="TIDE",
        person="ada",
        duties=(Duty.RANDOMISE,),
        starts_at=bedside.noon,
        actor="ada",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        assert isinstance(add_delegation(command, uow), DelegationKept)


HEARD = {
    "a protocol": lambda b: b.open_trial(),
    "a screening": lambda b: b.hear(b.verdict()),
    "an outcome": lambda b: b.hear(b.outcome()),
    "a green light": lambda b: b.light(),
    "kits": lambda b: Pharmacy(b).import_(),
    "a delegation": delegate,
}


NO_AUDITORS = [one for one in Role if MATRIX[Surface.AUDIT][one].sight is Sight.NOTHING]


@pytest.mark.parametrize("roles", [NO_AUDITORS, [Role.AUDITOR]], ids=["team", "audit"])
@pytest.mark.parametrize("heard", HEARD.values(), ids=HEARD)
def test_whatever_names_a_trial_to_who_asks_makes_it_one(
    bedside, registry, registry_url, ask, heard, roles
):
    if registry.dialect == "postgresql":
        grant_roles(registry_url)
    let(registry, "ada", roles=roles)
    of = ("export",) if roles == [Role.AUDITOR] else ("query", "flow")
    assert "EMB-351" in ask(of, "TIDE", "ada")[1]

    heard(bedside)

    assert ask(of, "TIDE", "ada")[0] == 0
