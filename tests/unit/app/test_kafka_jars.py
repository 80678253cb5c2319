"""Fetching Kafka: once, whole or not at all, and with a sentence where it cannot be.

The stand-in for Maven writes what Maven would, and counts how often it is asked.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from streams.app.kafka.jars import kafka_jars
from streams.vocabulary.errors import SettingsError


FETCHES = """#!/bin/sh
echo asked >> "$COUNT"
for word in "$@"; do
  case "$word" in -DoutputDirectory=*) folder="${word#*=}" ;; esac
done
sleep 0.2
: > "$folder/kafka_2.13-4.4.0.jar"
"""
FAILS = """#!/bin/sh
echo '[ERROR] Could not resolve dependencies'
exit 1
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH with a shell and a `java`, and whatever a test adds."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/bin")
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    program(programs / "java", "#!/bin/sh\n")
    return programs


def program(file, text):
    file.write_text(text)
    file.chmod(0o755)


def test_parallel_callers_fetch_once(path, tmp_path):
    program(path / "mvn", FETCHES)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(kafka_jars, [tmp_path / "cache"] * 4))
    assert [f.name for (folder,) in [found] for f in folder.iterdir()] == [
        "kafka_2.13-4.4.0.jar"
    ]
    assert (tmp_path / "count").read_text() == "asked\n"


def test_a_fetch_that_fails_is_told_and_leaves_nothing(path, tmp_path):
    program(path / "mvn", FAILS)
    with pytest.raises(SettingsError, match="Could not resolve dependencies") as told:
        kafka_jars(tmp_path / "cache")
    assert "EMBER_KAFKA" in told.value.cure
    assert [f.name for f in (tmp_path / "cache").iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("absent", "sentence"),
    [("java", "There is no Java"), ("mvn", "there is no Maven")],
)
def test_what_is_missing_is_named(path, tmp_path, monkeypatch, absent, sentence):
    program(path / "mvn", FETCHES)
    (path / absent).unlink()
    monkeypatch.setenv("PATH", str(path))
    with pytest.raises(SettingsError, match=sentence):
        kafka_jars(tmp_path / "cache")
