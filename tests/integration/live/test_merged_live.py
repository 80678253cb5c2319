"""Through Kafka a merge ends as in the embedded runner, on whatever partitions."""

import pytest
from integration.live.house import RULES, feed, house, settled, wait_until
from servers.under_two_names import RETIRED, under_two_names, who
from sqlalchemy import create_engine, select

from registry.app.embedded import EmbeddedRunner
from registry.store.engine import database_url
from registry.store.migrate import migrate
from registry.store.schema import schema
from registry.store.unit_of_work import open_registry
from streams.vocabulary.messages import EHR_MESSAGE, encode


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
]


def last_words(url, *, own_only):
    """Of the two names, what was said last of each flag, and the archived facts.

    `own_only` leaves out what a merge that was undone had brought by then: how much
    that was depends on the pace of two partitions, and none of it counts.
    """
    engine = create_engine(database_url(url))
    onsets = schema("sqlite").tables["onset_revision"]
    events = schema("sqlite").tables["clinical_event"]
    with engine.connect() as connection:
        flags = {}
        rows = connection.execute(select(onsets).order_by(onsets.c.revision))
        for row in rows.mappings():
            if row["patient"] in (who(), RETIRED):
                withdrawn = row["status"] == "withdrawn"
                flags[row["flag_id"]] = (row["patient"], row["happened_at"], withdrawn)
        facts = {
            (row.patient, row.event_id, row.version, row.message_id)
            for row in connection.execute(select(events))
            if row.patient in (who(), RETIRED)
            and not (own_only and '"origin"' in row.payload)
        }
    engine.dispose()
    return {f for f in flags.values() if not f[2]}, facts


@pytest.mark.parametrize("undone", [False, True])
def test_a_merge_through_kafka_ends_as_in_one_process(
    broker, postgres, tmp_path, undone
):
    messages = under_two_names(undone=undone)
    file = tmp_path / "messages.jsonl"
    file.write_bytes(b"\n".join(encode(EHR_MESSAGE, m) for m in messages) + b"\n")
    alone = f"sqlite:///{tmp_path}/embedded.sqlite"
    migrate(alone)
    registry = open_registry(alone)
    EmbeddedRunner(registry, RULES, source="test", fingerprint="f").run(messages)
    registry.close()
    wanted = last_words(alone, own_only=undone)
    assert wanted[0]

    with (
        postgres.database() as url,
        house(broker, url, tmp_path / "house", workers=2, batch=100) as environ,
    ):
        feed(environ, "--file", str(file), "--end")
        wait_until(lambda: settled(broker))
        assert last_words(url, own_only=undone) == wanted
