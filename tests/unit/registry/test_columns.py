from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from registry.store.columns import UtcDateTime
from streams.vocabulary.errors import BrokenInvariant


DIALECTS = [sqlite.dialect(), postgresql.dialect()]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_a_naive_time_is_refused(dialect):
    with pytest.raises(BrokenInvariant, match="naive"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), dialect)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_a_time_of_another_zone_is_stored_as_utc(dialect):
    there = NOON.astimezone(timezone(timedelta(hours=-5)))

    stored = UtcDateTime().process_bind_param(there, dialect)
    again = UtcDateTime().process_result_value(stored, dialect)

    assert again == NOON
    assert again.tzinfo is UTC


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_no_time_stays_no_time(dialect):
    assert UtcDateTime().process_bind_param(None, dialect) is None
    assert UtcDateTime().process_result_value(None, dialect) is None
