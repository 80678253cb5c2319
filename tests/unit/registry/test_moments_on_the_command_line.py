"""A moment is written one way in every command: with its offset, or refused."""

from datetime import date

import pytest
from made_up.command_tree import options
from typer.testing import CliRunner

from registry.app.cli import app
from streams.app.moments import AS_WRITTEN


OF_TIME = {"at", "starts", "ends", "from", "to", "since", "until", "deadline", "cut"}
"""Words in the names of options that would take a moment."""
NO_MOMENTS = {
    ("listen", "--at"): "an address",
    ("subscribe", "--at"): "an address",
    ("kit", "transfer", "--to"): "a site",
    ("feed", "--from-topic"): "a topic",
}
WITH = {("feed",): ("--from-topic", "raw")}
"""What a command wants first, to look at the moment at all."""


def takes_time(option):
    annotation = option.type_descriptor.annotation
    return isinstance(annotation, type) and issubclass(annotation, date)


def named_so(option):
    words = set(option.opts[0].strip("-").split("-"))
    return bool(words & OF_TIME) and option.type_descriptor.annotation is str


OPTIONS = {(*path, name): option for path, name, option in options()}
MOMENTS = sorted(key for key, option in OPTIONS.items() if option.metavar == "TIME")


def test_whatever_could_take_a_moment_takes_it_as_all_do():
    found = {k for k, one in OPTIONS.items() if takes_time(one) or named_so(one)}
    assert found == set(MOMENTS) | set(NO_MOMENTS)


def test_the_help_of_a_moment_says_how_it_is_written():
    assert [key for key in MOMENTS if AS_WRITTEN not in OPTIONS[key].help] == []


@pytest.mark.parametrize(
    "written", ["2026-05-01T10:00", "2026-05-01", "soon", "0001-01-01T00:00Z"]
)
@pytest.mark.parametrize("key", MOMENTS, ids=" ".join)
def test_a_moment_that_is_none_or_has_no_offset_is_refused(key, written):
    *path, name = key
    told = (*WITH.get(tuple(path), ()), name, written)

    done = CliRunner().invoke(app, [*path, *told])

    said = f"{done.output} {done.exception}"
    assert done.exit_code != 0
    assert f"EMB-402: {name}: {written!r} is no moment with its offset" in said
    assert "Write it as 2026-05-01T10:00Z or 2026-05-01T12:00+02:00." in said
