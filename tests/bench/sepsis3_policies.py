"""What each argument in which `ember` and `mimic` differ does to real patients.

    python tests/bench/sepsis3_policies.py --path ../shared/data/mimic-iv-demo

From each preset one argument at a time is given the other's value; the rest stay.
A patient differs if the set of episodes does, by hospital stay, ICU stay, moment of
suspicion, moment of dysfunction and score.
An hour differs if any of its six organs or its total of 24 hours does.
"""

import argparse
from dataclasses import fields, replace
from pathlib import Path

from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.scores.sofa import hourly_sofa
from streams.clinical.timeline import Timeline


PARTS = ("suspicion", "sofa", "")
EXTRA = {
    "suspicion.screens": "ignore",
    "suspicion.mode": "either",
    "suspicion.cultures": "positive",
    "suspicion.doses": 2,
    "baseline": "cummin",
}
"""Options that neither preset takes."""


def timelines(path):
    found = {}
    for sourced in MimicIv(path).events(IntakeReport()):
        timeline = found.setdefault(sourced.patient, Timeline())
        timeline.apply(sourced.event, sourced.source)
    return found


def differences():
    """The arguments in which the presets differ, as `part.name`."""
    for part in PARTS:
        ours, theirs = (getattr(p, part, p) if part else p for p in (EMBER, MIMIC))
        for field in fields(ours):
            if field.name in {"name", "suspicion", "sofa"}:
                continue
            if getattr(ours, field.name) != getattr(theirs, field.name):
                yield f"{part}.{field.name}".strip(".")


def value_of(policy, argument):
    for step in argument.split("."):
        policy = getattr(policy, step)
    return policy


def changed(policy, argument, value):
    part, dot, name = argument.rpartition(".")
    if not dot:
        return replace(policy, **{name: value})
    return replace(policy, **{part: replace(getattr(policy, part), **{name: value})})


def answers(patients, policy):
    return {
        patient: frozenset(
            (e.encounter, e.stay, e.suspicion_at, e.dysfunction_at, e.score, e.baseline)
            for e in sepsis3(timeline, policy=policy)
        )
        for patient, timeline in patients.items()
    }


def hours(patients, policy):
    """Organs and total of every hour, by patient, stay and hour."""
    return {
        (patient, row.encounter, row.stay, row.end): (
            *(organ.points for organ in row.organs),
            *(part.points for part in row.day),
        )
        for patient, timeline in patients.items()
        for row in hourly_sofa(timeline, policy=policy.sofa)
    }


def effect(base, other):
    """Patients whose episodes differ, and hospital stays gained and lost."""
    differing = sum(base[patient] != other[patient] for patient in base)
    before, after = (
        {(patient, found[0]) for patient in answer for found in answer[patient]}
        for answer in (base, other)
    )
    return differing, len(after - before), len(before - after)


def short(value):
    return f"{len(value)} codes" if isinstance(value, frozenset) else str(value)


def trials(start, goal):
    """Each policy that is one argument away from `start`."""
    named = [(name, value_of(goal, name)) for name in differences()]
    for name, value in [*named, *EXTRA.items()]:
        if (name, value) == ("sofa.hours", "icu_stay"):
            together = changed(changed(start, "per", value), name, value)
            yield f"{name} and per", value, together
        elif (name, value) == ("per", "encounter"):
            together = changed(changed(start, "sofa.hours", value), name, value)
            yield f"{name} and sofa.hours", value, together
        else:
            yield name, value, changed(start, name, value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True)
    patients = timelines(parser.parse_args().path)
    for start, goal in ((EMBER, MIMIC), (MIMIC, EMBER)):
        base, rows = answers(patients, start), hours(patients, start)
        count, septic = sum(map(len, base.values())), sum(map(bool, base.values()))
        print(f"\n{start.name}: {count} episodes, {septic} patients, {len(rows)} hours")
        print("argument | value | patients differ | stays + | stays - | hours differ")
        for name, value, policy in trials(start, goal):
            cells = effect(base, answers(patients, policy))
            differ = "-"
            if name.startswith("sofa.") and policy.sofa.hours == start.sofa.hours:
                other = hours(patients, policy)
                differ = sum(rows[key] != other[key] for key in rows)
            print(name, short(value), *cells, differ, sep=" | ")


if __name__ == "__main__":
    main()
