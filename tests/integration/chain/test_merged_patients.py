"""Patients merged and unmerged in the embedded runner, wherever it is interrupted."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from integration.chain.test_embedded_runner import PowerCut, content, run
from servers.under_two_names import RETIRED, record, under_two_names, who

from registry.app.explanation import explanation
from registry.store.unit_of_work import open_registry


def standing(url):
    """The last word on each flag that stands, and on each verdict, by patient."""
    found = {}
    for patient in (who(), RETIRED):
        book = open_registry(url)
        try:
            told = explanation(book, (record()[0].site, patient))
        finally:
            book.close()
        flags = {
            (f.definition, f.episode, f.happened_at, f.evidence)
            for f in told.flags
            if f.status != "withdrawn"
        }
        open_alerts = {
            a.status for a in told.alerts if a.status in ("open", "suppressed")
        }
        found[patient] = told.facts, flags, open_alerts
    return found


def made(folder, source, **options):
    url = f"sqlite:///{folder}/ember.sqlite"
    tally = run(url, source, **options)
    return url, tally


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    return made(tmp_path_factory.mktemp("merged"), under_two_names())


def test_the_survivor_has_what_never_was_apart(merged, tmp_path):
    url, tally = merged
    whole, _ = made(tmp_path, record())

    end = standing(url)

    assert tally.merges == 1
    assert end[who()][1]
    assert end[who()][:2] == standing(whole)[who()][:2]
    assert end[RETIRED] == (0, set(), set())


def test_each_event_keeps_its_origin_in_the_archive(merged):
    url, _ = merged
    rows = content(url)["clinical_event"]

    under_survivor = [
        r for r in rows if who() in r and any(RETIRED in str(c) for c in r)
    ]

    own = [r for r in rows if RETIRED in r and '"kind":"patient_merge"' not in str(r)]
    assert len(under_survivor) - 1 == len(own) > 10


@pytest.mark.parametrize("batch_size", [1, 50])
def test_no_merge_depends_on_where_a_batch_ends(merged, tmp_path, batch_size):
    url, _ = made(tmp_path, under_two_names(), batch_size=batch_size)
    assert content(url) == content(merged[0])


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_merge_survives_an_interruption(merged, tmp_path, share):
    messages = under_two_names()

    def cut():
        yield from messages[: int(len(messages) * share)]
        raise PowerCut

    url = f"sqlite:///{tmp_path}/ember.sqlite"
    with pytest.raises(PowerCut):
        run(url, cut(), batch_size=41)
    run(url, messages, batch_size=41)
    assert content(url) == content(merged[0])


KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from integration.chain.test_embedded_runner import run
from servers.under_two_names import under_two_names

at, merging = sys.argv[2], False

def die():
    os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "before_cursor_execute")
def before(connection, cursor, statement, parameters, context, many):
    global merging
    merging = merging or "patient_merge" in str(parameters)
    if merging and at == "before":
        die()
    if merging and at == "state" and "patient_state" in statement:
        die()

@event.listens_for(Engine, "commit")
def commit(connection):
    if merging and at == "commit":
        die()

run(sys.argv[1], under_two_names(), batch_size=41)
"""


@pytest.mark.parametrize("at", ["before", "state", "commit"])
def test_a_kill_while_a_merge_is_written_leaves_all_of_it_or_nothing(
    merged, tmp_path, at
):
    url = f"sqlite:///{tmp_path}/ember.sqlite"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, url, at],
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        timeout=240,
    )
    assert killed.returncode == -signal.SIGKILL
    assert '"kind":"patient_merge"' not in str(content(url)["clinical_event"])
    run(url, under_two_names(), batch_size=41)
    assert content(url) == content(merged[0])


def test_what_was_merged_and_unmerged_is_as_never_merged(tmp_path):
    undone, _ = made(tmp_path, under_two_names(undone=True))
    apart = tuple(m for m in under_two_names() if m.source != "merging")
    (tmp_path / "apart").mkdir()
    never, _ = made(tmp_path / "apart", apart)

    assert standing(undone) == standing(never)
