"""The synthetic hospital: patients come, are charted, and leave; messages in order.

Memory is bounded by the patients in house: a patient's messages are made at arrival,
given out in the order in which they are received, merged with all others', and let go.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.simulate.administration import chart_administration
from streams.simulate.afterwards import afterwards
from streams.simulate.beds import Beds, House
from streams.simulate.bedside import chart_bedside
from streams.simulate.chart import Chart
from streams.simulate.config import HospitalConfig
from streams.simulate.disorder import deliver_twice, revise_reports
from streams.simulate.draws import generator
from streams.simulate.ground_truth import GroundTruth, truth_of
from streams.simulate.laboratory import chart_laboratory
from streams.simulate.microbiology import chart_microbiology
from streams.simulate.patient import Patient, patient
from streams.simulate.treatment import chart_treatment
from streams.vocabulary.clock import DAY
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, encode


_ARRIVALS = 0


@dataclass(frozen=True, slots=True)
class Simulation:
    """One hospital; each iterator begins again at the first patient."""

    config: HospitalConfig

    def messages(self) -> Iterator[EhrMessage]:
        """All messages in the order of `known_at`."""
        return hospital(self.config)

    def ground_truth(self) -> Iterator[GroundTruth]:
        """What is true of each patient, in the order of admission."""
        return ground_truth(self.config)


def hospital(config: HospitalConfig) -> Iterator[EhrMessage]:
    """All messages of the hospital, in the order of `known_at`, made as asked for."""
    waiting: list[_Waiting] = []
    for admitted in patients(config):
        while waiting and waiting[0][0] < admitted.arrival:
            yield _next(waiting)
        own = record(config, admitted)
        first = next(own)
        heapq.heappush(waiting, (first.known_at, admitted.number, first, own))
    while waiting:
        yield _next(waiting)


def ground_truth(config: HospitalConfig) -> Iterator[GroundTruth]:
    """What is true of each patient, in the order of admission; no message is made."""
    for admitted in patients(config):
        yield truth_of(admitted, afterwards(config, admitted))


def patients(config: HospitalConfig) -> Iterator[Patient]:
    """Everybody admitted, in the order of arrival."""
    house = House(ward=Beds(config.ward_beds), icu=Beds(config.icu_beds))
    for number, arrival in enumerate(_arrivals(config), start=1):
        asking = patient(config, number, arrival)
        if house.admit(asking):
            yield asking


def record(config: HospitalConfig, admitted: Patient) -> Iterator[EhrMessage]:
    """All messages about one patient, in the order of `known_at`."""
    messages = _charted(config, admitted)
    messages.sort(key=_received, reverse=True)
    # What is given out is let go: the last contact is months after discharge.
    while messages:
        yield messages.pop()


def json_lines(messages: Iterator[EhrMessage]) -> Iterator[bytes]:
    """Canonical events to be written to a file: one message as JSON a line."""
    return (encode(EHR_MESSAGE, message) + b"\n" for message in messages)


def _charted(config: HospitalConfig, admitted: Patient) -> list[EhrMessage]:
    chart = Chart(config, admitted)
    chart_administration(chart, afterwards(config, admitted))
    chart_bedside(chart)
    chart_laboratory(chart)
    chart_microbiology(chart)
    chart_treatment(chart)
    revise_reports(chart)
    messages = chart.messages()
    return messages + deliver_twice(chart, messages)


_Waiting = tuple[datetime, int, EhrMessage, Iterator[EhrMessage]]


def _next(waiting: list[_Waiting]) -> EhrMessage:
    _, number, message, rest = waiting[0]
    following = next(rest, None)
    if following is None:
        heapq.heappop(waiting)
    else:
        heapq.heapreplace(waiting, (following.known_at, number, following, rest))
    return message


def _received(message: EhrMessage) -> tuple[datetime, str]:
    return message.known_at, message.message_id


def _arrivals(config: HospitalConfig) -> Iterator[datetime]:
    """A Poisson process over the time in which people are admitted."""
    rng = generator(config.seed, _ARRIVALS)
    between = DAY.total_seconds() / config.admissions_per_day
    moment, until = config.start, config.start + config.duration
    while True:
        gap = float(rng.exponential(between))
        moment += timedelta(seconds=int(gap))
        if moment >= until:
            return
        yield moment
