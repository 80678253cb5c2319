"""The published jars of Apache Kafka, fetched once by Maven into the project's cache."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.vocabulary.errors import ErrorCode, SettingsError


ROOT = Path(__file__).resolve().parents[3]
POM = ROOT / "deploy/kafka/pom.xml"
CACHE = ROOT / ".cache/kafka"

OTHERWISE = (
    "Name a running broker in EMBER_KAFKA, or start one with "
    "`docker compose up --detach kafka`."
)
_FETCH_SECONDS = 600


def kafka_jars(cache: Path = CACHE) -> Path:
    """The folder of the jars the pom names; parallel callers fetch them once.

    The folder is named by the pom's content, and appears only when it is whole.
    Raises `SettingsError` EMB-405 where Java, Maven or the pom is missing, or where
    Maven cannot fetch.
    """
    if not POM.is_file():
        raise cannot_start(f"{POM.name} is not there: this is no checkout of Ember")
    java()
    jars = cache / f"jars-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / "lock"):
        if not jars.is_dir():
            _fetch(jars)
    return jars


def java() -> str:
    """The `java` on the path; raises `SettingsError` EMB-405 where there is none."""
    found = shutil.which("java")
    if found is None:
        raise cannot_start("There is no Java (17 or newer) on the path")
    return found


def cannot_start(why: str, cure: str = OTHERWISE) -> SettingsError:
    """Why there is no broker of our own, and what to use instead."""
    return SettingsError(ErrorCode.KAFKA_UNREACHABLE, f"{why}.", cure)


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise cannot_start("Apache Kafka is not fetched yet, and there is no Maven")
    unfinished = Path(tempfile.mkdtemp(prefix="fetching-", dir=jars.parent))
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [
                *(maven, "--quiet", "--batch-mode", "--file", str(POM)),
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={unfinished}",
            ],
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
        if done.returncode != 0 or not any(unfinished.glob("kafka_*.jar")):
            told = (done.stdout + done.stderr).strip().splitlines()
            raise cannot_start(
                f"Maven could not fetch Apache Kafka ({told[0] if told else 'no jar'})"
            )
        unfinished.rename(jars)
    except subprocess.TimeoutExpired:
        raise cannot_start(f"Maven took longer than {_FETCH_SECONDS} s") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time; a process that dies lets go."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
