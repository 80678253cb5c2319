"""Tables of observations, with what a nurse charts in words.

at      | what             | value
1 10:00 | acvpu            | C
1 10:00 | news2_spo2_scale | 2     (a clinician chose scale 2)
1 10:00 | category         | oxygen
"""

import pytest

from streams.vocabulary.events import Assessment


WORDS = ("acvpu", "news2_spo2_scale")


@pytest.fixture(scope="session")
def observations(timeline_of, at):
    """Makes a timeline of a table that may hold words."""

    def make(table):
        head, *rows = [line for line in table.strip().splitlines() if line.strip()]
        cells = [[cell.strip() for cell in row.split("|")] for row in rows]
        plain = [
            row
            for row, (_, what, *_) in zip(rows, cells, strict=True)
            if what not in WORDS
        ]
        timeline = timeline_of("\n".join([head, *plain]))
        for number, (when, what, value, *encounter) in enumerate(cells):
            if what in WORDS:
                timeline.apply(
                    Assessment(
                        event_id=f"said{number}",
                        happened_at=at(when),
                        known_at=at(when),
                        encounter=next(iter(encounter), None) or None,
                        concept=what,
                        value=float(value) if value.isdigit() else None,
                        text=None if value.isdigit() else value,
                    ),
                    "m",
                )
        return timeline

    return make
