from datetime import UTC, datetime

import pytest

from streams.vocabulary.events import CultureResult, Pregnancy
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, decode, encode


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TIMES = {"happened_at": NOON, "known_at": NOON}


@pytest.mark.parametrize(
    "event",
    [
        Pregnancy(event_id="m1:0", pregnant=None, **TIMES),
        CultureResult(
            event_id="m1:0", culture_id="c1", status="final", positive=None, **TIMES
        ),
    ],
)
def test_an_answer_not_known_is_still_not_known_after_being_written_and_read(event):
    message = EhrMessage(
        message_id="m1", site="s", patient="p", source="notes", events=(event,),
        provenance="simulated", **TIMES,
    )  # fmt: skip
    assert decode(EHR_MESSAGE, encode(EHR_MESSAGE, message)) == message
