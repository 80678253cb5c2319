"""`ventilation`: stretches of one kind of support, as mimic-code's `ventilation.sql`.

MIT, github.com/MIT-LCP/mimic-code.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.definitions.policies import MIMIC
from streams.clinical.scores.chart import Chart, Scope
from streams.clinical.scores.stays import unit_stays
from streams.clinical.scores.ventilation import charted_episodes
from streams.clinical.timeline import Timeline


_NAMES = {
    "invasive": "InvasiveVent",
    "tracheostomy": "Tracheostomy",
    "niv": "NonInvasiveVent",
    "hfnc": "HFNC",
    "oxygen": "SupplementalOxygen",
    "none": "None",
}


def _rows(patient: str, timeline: Timeline) -> Iterator[Row]:  # noqa: ARG001 - a Reading
    for stay in unit_stays(timeline):
        chart = Chart(timeline, MIMIC.sofa, scope=Scope(stay.stay, stay.encounter))
        for episode in charted_episodes(chart):
            name = _NAMES[episode.status]
            yield (stay.stay, episode.start, episode.end, name)


VENTILATION = Table(
    name="ventilation",
    columns=("stay_id", "starttime", "endtime", "ventilation_status"),
    readings={MIMIC.name: _rows},
)
