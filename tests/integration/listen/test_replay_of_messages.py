"""`ember replay --source hl7v2`: files of messages as history."""

import json
import subprocess
from datetime import UTC, datetime

import pytest
from integration.listen.commanded import site_files
from integration.listen.story import WORDS, septic
from integration.live.house import EMBER
from sqlalchemy import create_engine, text

from registry.store.engine import database_url
from streams.adapters.hl7v2.mllp import framed


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def written(folder, form):
    messages = septic(NOW)
    folder.mkdir()
    match form:
        case "mllp":
            (folder / "all.mllp").write_bytes(b"".join(map(framed, messages)))
        case "jsonl":
            lines = [json.dumps({"message": m.decode()}) for m in messages]
            (folder / "all.jsonl").write_text("\n".join(lines))
        case "files":
            for number, message in enumerate(reversed(messages)):
                (folder / f"{number}.hl7").write_bytes(message)
    return folder


def replayed(tmp_path, folder):
    url = f"sqlite:///{tmp_path}/r.sqlite"
    done = subprocess.run(
        [
            *(EMBER, "replay", "--source", "hl7v2", "--path", str(folder)),
            *("--registry", url, "--json"),
        ],
        env={"PATH": "", **site_files(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [word for word in WORDS if word in done.stdout + done.stderr] == []
    return json.loads(done.stdout), done.stderr, url


def content(url):
    engine = create_engine(database_url(url))
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT patient, status, known_at, happened_at FROM onset_revision "
                "ORDER BY patient, revision"
            )
        ).all()
        events = connection.execute(
            text("SELECT min(known_at), max(known_at) FROM clinical_event")
        ).one()
    engine.dispose()
    return found, events


def test_the_order_of_files_does_not_matter_and_the_time_of_issue_is_when_it_was_known(
    tmp_path,
):
    answers = []
    for form in ("mllp", "files"):
        folder = tmp_path / form
        folder.mkdir()
        told, _, url = replayed(folder, written(folder / "messages", form))
        assert told["messages"] == 5
        assert told["onsets"] > 0
        answers.append(content(url))
    assert answers[0] == answers[1]
    _, (first, last) = answers[0]
    assert (str(first)[:16], str(last)[:16]) == ("2026-03-01 07:00", "2026-03-01 10:12")


@pytest.mark.parametrize(
    ("broken", "code"),
    [(b"no message at all", "EMB-120"), (b"MSH|^~\\&|LAB|G||||", "EMB-104")],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_taken(tmp_path, broken, code):
    folder = written(tmp_path / "messages", "mllp")
    with (folder / "all.mllp").open("ab") as file:
        file.write(framed(broken))
    told, said, _ = replayed(tmp_path, folder)
    assert told["messages"] == 5
    assert code in said
