"""An export that is killed leaves no rows for whoever looks into the folder later."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from registry.app.exporting.exporting import Export, export
from registry.app.exporting.unfinished import held
from registry.app.exporting.writers import Format
from registry.domain.disclosure import Profile
from registry.domain.extracts import Cut, Extract
from streams.vocabulary.clock import HOUR


KEY = bytes(32)
NOBODY = 65534
DYING = """
import os, signal, sys
from datetime import datetime
from pathlib import Path

from registry.app.exporting.exporting import Export, export
from registry.app.exporting.writers import Format
from registry.domain.disclosure import Profile
from registry.domain.extracts import Cut, Extract
from registry.store.unit_of_work import open_registry

def dies(columns, rows):
    yield next(rows)
    os.kill(os.getpid(), signal.SIGKILL)

url, out, how, profile, at = sys.argv[1:]
at = datetime.fromisoformat(at)
export(
    open_registry(url),
    Export(
        extract=Extract.PARTICIPANTS, format=Format(how), profile=Profile(profile),
        cut=Cut(recorded_until=at, happened_until=at), trial=None, out=Path(out),
        key=bytes(32),
    ),
    identify=dies,
)
"""
MANNERS = [
    (Format.CSV, Profile.LIMITED, ".participants.csv.unfinished"),
    (Format.PARQUET, Profile.LIMITED, ".unfinished-*"),
    (Format.XLSX, Profile.LIMITED, ".unfinished-*"),
    (Format.CSV, Profile.SAFE_HARBOR, ".unfinished-*"),
]
"""How it is killed, and what is left behind."""


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def killed(lived, registry_url, out):
    """Kills an export of it, which had begun to write."""

    def kill(how, profile):
        at = (lived.noon + 9 * HOUR).isoformat()
        words = (registry_url, str(out), how.value, profile.value, at)
        died = subprocess.run(
            [sys.executable, "-c", DYING, *words], check=False, timeout=120
        )
        assert died.returncode == -signal.SIGKILL

    return kill


@pytest.fixture
def exported(lived, out):
    def run(identify=None, how=Format.CSV, extract=Extract.SUBJECTS):
        at = lived.noon + 9 * HOUR
        asked = Export(
            extract=extract,
            format=how,
            profile=Profile.LIMITED,
            cut=Cut(recorded_until=at, happened_until=at),
            trial=None,
            out=out,
            key=KEY,
        )
        return export(lived.registry, asked, identify=identify)

    return run


def names(folder):
    return sorted(one.name for one in folder.iterdir())


WHOLE = [
    "subjects.csv",
    "subjects.csv.columns.csv",
    "subjects.csv.manifest.json",
]


@pytest.mark.parametrize(("how", "profile", "left"), MANNERS)
def test_the_next_export_takes_away_what_a_killed_one_left(
    killed, exported, out, how, profile, left
):
    killed(how, profile)
    assert list(out.glob(left))

    exported()

    assert names(out) == WHOLE


def test_what_another_export_is_writing_there_is_not_taken_away(exported, out):
    seen = []

    def meanwhile(_columns, rows):
        yield next(rows)
        before = list(out.glob(".unfinished-*"))
        exported()
        seen.extend((before, list(out.glob(".unfinished-*"))))
        yield from rows

    manifest = exported(meanwhile, Format.PARQUET, Extract.PARTICIPANTS)

    before, after = seen
    assert before == after
    assert len(after) == 1
    assert manifest.files[0].rows == 2
    assert (out / "participants.parquet").exists()


def test_what_is_somebody_elses_is_left_where_it_is(exported, out):
    others = (".unfinished-business", ".notes.unfinished", "x.unfinished-abcdefgh")
    for name in others:
        (out / name).write_text("mine")
    aside = out / "aside"
    aside.mkdir()
    (aside / "kept").write_text("mine")
    (out / ".unfinished-abcdefgh").symlink_to(aside)

    exported()

    assert set(others) < set(names(out))
    assert (out / ".unfinished-abcdefgh" / "kept").read_text() == "mine"


@pytest.fixture
def unreadable():
    """A folder that an ordinary user, to whom it belongs, may write to and not read."""
    folder = Path(tempfile.mkdtemp())
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    folder.chmod(0o300)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_who_may_not_look_into_a_folder_writes_to_it_all_the_same(unreadable):
    child = os.fork()
    if child == 0:
        done = 1
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            with suppress(PermissionError):
                names(unreadable)
                os._exit(2)
            with held(unreadable):
                (unreadable / "participants.csv").write_text("kept")
            done = 0
        finally:
            os._exit(done)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    unreadable.chmod(0o700)
    assert names(unreadable) == ["participants.csv"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_be_written_and_not_read_is_exported_to(exported, out):
    out.chmod(0o300)
    try:
        exported()
    finally:
        out.chmod(0o700)

    assert names(out) == WHOLE
