"""The `ember` command loads what was asked for, and nothing else."""

import gc
import subprocess
import sys
from contextlib import suppress

import pytest
from typer.testing import CliRunner

from registry.app.cli import PANELS, REGISTRY_COMMANDS, app
from streams.app.command_line import COMMANDS, loaded
from streams.app.command_line import PANELS as STREAMS_PANELS
from streams.app.command_summary import summary


PLACES = {**REGISTRY_COMMANDS, **COMMANDS}


def test_no_command_has_two_homes():
    assert not REGISTRY_COMMANDS.keys() & COMMANDS.keys()


@pytest.mark.parametrize("name", PLACES)
def test_every_command_is_where_the_table_says(name):
    command = loaded(name, PLACES[name])
    assert command.name == name
    assert command.help


@pytest.mark.parametrize("name", PLACES)
def test_a_command_is_listed_with_the_help_it_has(name):
    assert summary(PLACES[name]) == loaded(name, PLACES[name]).help


def test_every_command_is_listed_once():
    listed = [name for names in PANELS.values() for name in names]
    assert sorted(listed) == sorted(PLACES)
    assert set(STREAMS_PANELS) <= set(PANELS)
    for panel, names in STREAMS_PANELS.items():
        assert set(names) <= set(PANELS[panel])


@pytest.mark.parametrize("place", ["streams.app.concepts:nothing", "nowhere:none"])
def test_what_is_not_there_has_no_help(place):
    with pytest.raises(LookupError):
        summary(place)


@pytest.mark.parametrize("place", ["streams.app.concepts:concepts", "nowhere:none"])
@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_looked_for_afterwards_as_it_was_before(place, collects):
    (gc.enable if collects else gc.disable)()
    try:
        with suppress(ModuleNotFoundError):
            loaded("concepts", place)
        assert gc.isenabled() is collects
    finally:
        gc.enable()


def test_a_search_for_garbage_passes_over_what_was_loaded():
    script = (
        "import gc; from streams.app.command_line import loaded;"
        "loaded('concepts', 'streams.app.concepts:concepts');"
        "import streams.app.concepts as there;"
        "print(any(one is vars(there) for one in gc.get_objects()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_what_is_asked_for_wrongly_is_told_by_name():
    told = CliRunner().invoke(app, ["consumes"])
    assert told.exit_code == 2
    assert "consumes" in told.output


def test_nothing_heavy_is_loaded_before_a_command_is_named():
    script = (
        "import contextlib, io, sys; from registry.app.cli import app\n"
        "with contextlib.redirect_stdout(io.StringIO()): "
        "app(['--help'], standalone_mode=False)\n"
        "heavy = {'sqlalchemy', 'faust', 'kafka', 'numpy', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
