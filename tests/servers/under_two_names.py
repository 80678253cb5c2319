"""A simulated hospital in which one patient came under two names, merged later."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.events import PatientMerge, PatientUnmerge
from streams.vocabulary.messages import EhrMessage


DAYS = 3
CONFIG = HospitalConfig(seed=4, duration=timedelta(days=DAYS))
RETIRED = "under-another-name"
NEIGHBOURS = 4
"""Patients beside the one: a merge is no business of theirs."""


@cache
def record():
    """The messages of some of the hospital's patients, of whom one is flagged."""
    messages = tuple(Simulation(CONFIG).messages())
    others = dict.fromkeys(m.patient for m in messages if m.patient != who())
    told = {who(), *list(others)[:NEIGHBOURS]}
    return tuple(m for m in messages if m.patient in told)


@cache
def who():
    """The patient who comes under two names."""
    return next(t.patient for t in Simulation(CONFIG).ground_truth() if t.septic)


def under_two_names(*, undone=False):
    """Every third message of one patient is filed under another name, then merged."""
    survivor = who()
    found, own = [], 0
    for message in record():
        if message.patient == survivor:
            own += 1
            other = own % 3 == 0
            found.append(replace(message, patient=RETIRED) if other else message)
        else:
            found.append(message)
    times = [m.known_at for m in found if m.patient in (survivor, RETIRED)]
    statements = [_stated(PatientMerge, found[0], survivor, times[len(times) // 2])]
    if undone:
        statements.append(_stated(PatientUnmerge, found[0], survivor, times[-20]))
    return tuple(sorted([*found, *statements], key=lambda m: m.known_at))


def _stated(kind, like, survivor, at):
    name = f"{kind.__name__}:{survivor}"
    event = kind(event_id=name, happened_at=at, known_at=at, retired=RETIRED)
    return EhrMessage(
        message_id=name,
        site=like.site,
        patient=survivor,
        happened_at=at,
        known_at=at,
        source="merging",
        provenance=like.provenance,
        events=(event,),
    )
