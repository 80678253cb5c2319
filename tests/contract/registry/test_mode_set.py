"""The audit names who set what a registry may do."""

import getpass

import pytest
from typer.testing import CliRunner

from registry.app.cli import app as ember


@pytest.mark.parametrize(
    ("words", "env", "named"),
    [
        (("--actor", "ada"), {"EMBER_ACTOR": "grace"}, "ada"),
        ((), {"EMBER_ACTOR": "grace"}, "grace"),
        ((), {"EMBER_ACTOR": ""}, getpass.getuser()),
    ],
)
def test_who_sets_the_mode_is_named_as_in_every_other_act(
    registry, registry_url, words, env, named
):
    told = ["mode", "demo", "--reason", "a test", "--registry", registry_url, *words]

    done = CliRunner().invoke(ember, told, env=env)

    assert (done.exit_code, done.stdout) == (0, "demo\n")
    with registry.inspection() as uow:
        (row,) = uow.audit.rows(site="", trial="")
    assert (row.action, row.actor) == ("registry:mode_set", named)
