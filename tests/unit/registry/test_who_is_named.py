"""`--actor` names who acts, `--as` who asks; what was called otherwise goes on working."""

import pytest
import typer
from made_up.command_tree import commands, options
from typer.testing import CliRunner

from registry.app.cli import REGISTRY_COMMANDS, app
from registry.app.commands.renamed import Renamed


NAMES = {"--actor", "--as"}
OTHERWISE = {"--by", "--who", "--person", "--user", "--signer", "--asker"}
"""What others might have called it."""
SHOWN = [(path, name, one) for path, name, one in options() if not one.hidden]


def former():
    """Each command with options of former names, and by these the names of now."""
    root = typer.main.get_command(app)
    for path, _ in commands():
        command = root
        for name in path:
            command = command.get_command(None, name)
        if isinstance(command, Renamed):
            yield path, command


def test_no_command_calls_who_acts_or_asks_by_another_name():
    assert [(path, name) for path, name, _ in SHOWN if name in OTHERWISE] == []


def test_a_command_is_told_one_of_the_two():
    told = [path for path, name, _ in SHOWN if name in NAMES]
    assert len(told) == len(set(told)) > 50
    assert {path[0] for path in told} <= set(REGISTRY_COMMANDS)


@pytest.mark.parametrize(
    ("name", "begins"), [("--actor", "Who does it, as "), ("--as", "Who asks, as ")]
)
def test_each_means_the_same_everywhere_and_may_come_from_the_environment(name, begins):
    found = [(path, one) for path, called, one in SHOWN if called == name]
    odd = [path for path, one in found if not one.help.startswith(begins)]
    assert odd == []
    assert {one.envvar for _, one in found} == {"EMBER_ACTOR"}


def test_the_former_names_are_these():
    assert {path: dict(command.former) for path, command in former()} == {
        ("outcome", "adjudicate"): {"--by": "--actor"},
        ("outcome", "correct"): {"--by": "--actor"},
        ("outcome", "take-back"): {"--by": "--actor"},
        ("deviation", "record"): {"--by": "--actor"},
        ("deviation", "redact"): {"--by": "--actor"},
        ("signature", "sign"): {"--as": "--actor"},
        ("screening", "answer"): {"--as": "--capacity"},
    }


@pytest.mark.parametrize("written", [("--by", "ada"), ("--by=ada",)])
@pytest.mark.parametrize("path", [path for path, _ in former()], ids=" ".join)
def test_a_former_name_is_read_as_the_one_of_now(path, written):
    (was, now) = next(iter(dict(former())[path].former.items()))

    read = read_by(path, *(one.replace("--by", was) for one in written))

    assert read[now] == "ada"
    shown = CliRunner().invoke(app, [*path, "--help"]).output
    assert was not in shown


VALUES = ["--by", "--by=ada", "--"]
"""Such as read like a former name, or like the end of the options."""


@pytest.mark.parametrize("value", VALUES)
def test_a_value_stays_as_it_was_written(value):
    read = read_by(("outcome", "correct"), "ID", "--reason", value, "--by", "ada")

    assert (read["--reason"], read["--actor"]) == (value, "ada")


@pytest.mark.parametrize("value", VALUES)
def test_the_value_of_a_former_name_stays_as_it_was_written(value):
    read = read_by(("outcome", "correct"), "ID", "--by", value, "--reason", "seen")

    assert (read["--reason"], read["--actor"]) == ("seen", value)


def test_a_flag_takes_no_word_and_nothing_after_the_options_is_a_former_name():
    words = ["--no-important", "--by", "ada", "--", "--by"]
    read = read_by(("deviation", "record"), *words)

    assert (read["--actor"], read["participant"]) == ("ada", "--by")


def read_by(path, *words):
    """By the name of each parameter of a command, what these words told it."""
    command = dict(former())[path]
    with command.make_context("it", [*words], resilient_parsing=True) as ctx:
        return {one.opts[0]: ctx.params.get(one.name) for one in command.params}
