from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import numpy as np

from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation, ground_truth, hospital
from streams.vocabulary.messages import EHR_MESSAGE, decode, encode


SMALL = HospitalConfig(
    seed=3, duration=timedelta(days=2), sepsis_share=0.5, ward_beds=80, icu_beds=40
)


def test_one_seed_gives_one_hospital() -> None:
    assert list(hospital(SMALL)) == list(Simulation(SMALL).messages())
    assert list(ground_truth(SMALL)) == list(Simulation(SMALL).ground_truth())


def test_another_seed_gives_another_hospital() -> None:
    other = replace(SMALL, seed=4)
    assert list(ground_truth(SMALL)) != list(ground_truth(other))


def test_a_longer_run_begins_with_the_same_patients() -> None:
    longer = replace(SMALL, duration=timedelta(days=4))
    short = list(ground_truth(SMALL))
    assert short == list(islice(ground_truth(longer), len(short)))


def test_the_global_generators_are_left_as_they_were() -> None:
    random.seed(11)
    np.random.seed(11)  # noqa: NPY002 - the global generator is the one under test
    state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    list(hospital(SMALL))
    list(ground_truth(SMALL))
    assert random.getstate() == state
    assert np.array_equal(np.random.get_state()[1], numpy_state[1])  # noqa: NPY002
    assert np.random.get_state()[2:] == numpy_state[2:]  # noqa: NPY002


def test_the_global_generators_have_no_say() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = list(hospital(SMALL))
    random.seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert list(hospital(SMALL)) == first


def test_the_truth_is_of_those_who_were_recorded_in_order_of_arrival() -> None:
    truth = list(ground_truth(SMALL))
    assert {t.patient for t in truth} == {m.patient for m in hospital(SMALL)}
    arrivals = [t.admitted_at for t in truth]
    assert arrivals == sorted(arrivals)


def test_every_message_survives_being_written_and_read() -> None:
    for message in hospital(SMALL):
        assert decode(EHR_MESSAGE, encode(EHR_MESSAGE, message)) == message
