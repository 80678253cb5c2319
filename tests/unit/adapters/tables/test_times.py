"""When a fact happened and when it was known, as a mapping tells them."""

from datetime import UTC, datetime, timedelta

import pytest
from unit.adapters.tables.tiny import TinyTables

from streams.vocabulary.facts import Flag


def mapped(folder, at, *, known="{}", zone="UTC"):
    return TinyTables(
        folder,
        f"""
tables:
  - table: vitals
    patient: id
    at: {at}
    known: {known}
    may_lack: [filed, day, base]
    columns: {{hr: {{concept: heart_rate, unit: /min}}}}
""",
        site=f"zone: {zone}",
    )


def one(tables, header, row):
    tables.write("vitals.csv", f"{header}\n{row}\n")
    return tables.events()


@pytest.mark.parametrize(
    ("zone", "written", "hour"),
    [
        ("UTC", "2150-03-01 12:00", 12),
        ("Europe/Berlin", "2026-01-10 12:00", 11),
        ("Europe/Berlin", "2026-07-10 12:00", 10),
        ("America/New_York", "2026-07-10 12:00:00.250", 16),
        ("America/New_York", "2026-07-10T12:00+00:00", 12),
    ],
)
def test_a_time_without_a_zone_is_of_the_site_s(tmp_path, zone, written, hour):
    (event,) = one(mapped(tmp_path, "time", zone=zone), "id,time,hr", f"1,{written},80")
    assert event.happened_at.hour == hour
    assert event.happened_at.tzinfo is UTC


def test_a_form_of_its_own_is_read(tmp_path):
    at = '{column: time, format: "%d.%m.%Y %H:%M"}'
    (event,) = one(mapped(tmp_path, at), "id,time,hr", "1,05.03.2150 07:30,80")
    assert event.happened_at == datetime(2150, 3, 5, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "number", "after"),
    [
        ("minutes", "90", timedelta(minutes=90)),
        ("hours", "-2.5", timedelta(hours=-2.5)),
        ("days", "1", timedelta(days=1)),
    ],
)
def test_so_many_hours_since_a_column(tmp_path, unit, number, after):
    at = f"{{column: time, unit: {unit}, since: base}}"
    (event,) = one(
        mapped(tmp_path, at), "id,base,time,hr", f"1,2150-03-01 08:00,{number},80"
    )
    assert event.happened_at == datetime(2150, 3, 1, 8, tzinfo=UTC) + after


def test_a_date_alone_is_flagged_and_known_when_it_is_over(tmp_path):
    (event,) = one(
        mapped(tmp_path, "[time, day]"), "id,time,day,hr", "1,,2150-03-01,80"
    )
    assert event.happened_at == datetime(2150, 3, 1, tzinfo=UTC)
    assert event.known_at == datetime(2150, 3, 2, tzinfo=UTC)
    assert Flag.DATE_ONLY in event.flags


@pytest.mark.parametrize(
    ("known", "filed", "hour", "flags"),
    [
        ("{at: filed}", "2150-03-01 10:00", 10, ()),
        ("{at: filed}", "2150-03-01 07:00", 8, (Flag.FUTURE,)),
        ("{at: filed, lag_hours: 4}", "", 12, (Flag.LAG_UNMEASURABLE,)),
        ("{lag_hours: 1, measurable: true}", "", 9, ()),
        ("{}", "", 8, (Flag.LAG_UNMEASURABLE,)),
    ],
)
def test_the_rule_of_known_at(tmp_path, known, filed, hour, flags):
    (event,) = one(
        mapped(tmp_path, "time", known=known),
        "id,time,filed,hr",
        f"1,2150-03-01 08:00,{filed},80",
    )
    assert event.known_at == datetime(2150, 3, 1, hour, tzinfo=UTC)
    assert event.flags == flags


@pytest.mark.parametrize(
    ("at", "written", "code"),
    [
        ("time", "yesterday", "EMB-104"),
        ("time", "0150-03-01 08:00", "EMB-104"),
        ("time", "", "EMB-108"),
        ("{column: time, unit: hours, since: base}", "soon", "EMB-104"),
        ("{column: time, unit: hours, since: base}", "1e12", "EMB-104"),
        ("{column: time, unit: hours, since: day}", "3", "EMB-108"),
    ],
)
def test_a_time_that_cannot_be_read_drops_the_row_alone(tmp_path, at, written, code):
    tables = mapped(tmp_path, at)
    base = "2150-03-01 08:00"
    good = "3" if "hours" in at else "2150-03-01 08:00"
    day = "" if code == "EMB-108" else base
    tables.write(
        "vitals.csv",
        f"id,time,base,day,hr\n1,{written},{base},{day},80\n1,{good},{base},{base},81\n",
    )
    assert [event.value for event in tables.events()] == [81.0]
    assert [(line, told) for line, _, told in tables.faults()] == [(2, code)]
    assert written not in "".join(map(str, tables.report.rejections)) or not written
