"""Where clifpy 2.1.0 and the source, or clifpy and we, read SOFA-2 differently.

Each case is one small story; `deploy/docs/peers.md` says who is right and why.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    organ: str
    story: list
    theirs: int | None
    """clifpy's points; None for its NULL."""
    as_clifpy: int | None
    """Ours under the policy `clifpy`, which has its choices but not its slips."""
    ours: int | None
    """Ours by default."""
    days: int = 1
    day: int = 1
    """Which of the days the points are of."""


def charted(what, every, amount, first=-36.0, last=24.0):
    """The same amount again and again, until `last`."""
    count = int((last - first) / every + 1e-9) + 1
    return [(first + number * every, what, amount) for number in range(count)]


_TUBE = ("imv", 0.5, None)

BRAIN = [
    Case(
        "sedated-since-before-the-window",
        "brain",
        [
            (-3, "gcs_total", 7),
            (-2, "propofol", 30),
            (5, "gcs_total", 3),
            (26, "propofol", 0),
        ],
        theirs=0,
        as_clifpy=0,
        ours=3,
    ),
    Case(
        "scale-after-sedation",
        "brain",
        [(1, "propofol", 30), (2, "propofol", 0), (10, "gcs_total", 8)],
        theirs=0,
        as_clifpy=0,
        ours=3,
    ),
    Case(
        "haloperidol-without-a-scale",
        "brain",
        [(5, "haloperidol", 5)],
        theirs=None,
        as_clifpy=None,
        ours=1,
    ),
    Case(
        "haloperidol-under-sedation",
        "brain",
        [(-2, "propofol", 30), (5, "haloperidol", 5), (26, "propofol", 0)],
        theirs=0,
        as_clifpy=0,
        ours=1,
    ),
    Case(
        "motor-part-beside-the-whole",
        "brain",
        [(3, "gcs_total", 15), (3, "gcs_motor", 4)],
        theirs=2,
        as_clifpy=2,
        ours=0,
    ),
    Case(
        "one-sedative-stops-another-runs",
        "brain",
        [
            (1, "propofol", 30),
            (1, "fentanyl", 50),
            (2, "fentanyl", 0),
            (16, "gcs_total", 5),
            (20, "propofol", 20),
            (26, "propofol", 0),
        ],
        theirs=4,
        as_clifpy=0,
        ours=0,
    ),
    Case(
        "washout-of-a-long-sedation",
        "brain",
        [(-20, "propofol", 30), (-4, "propofol", 0), (4, "gcs_total", 3)],
        theirs=4,
        as_clifpy=0,
        ours=4,
    ),
]

RESPIRATORY = [
    Case(
        "worst-ratio-without-support",
        "respiratory",
        [
            (1, "breathing", ("face mask", 0.8, None)),
            (2, "pao2", 56),
            (8, "breathing", ("imv", 0.6, None)),
            (9, "pao2", 84),
        ],
        theirs=2,
        as_clifpy=3,
        ours=3,
    ),
    Case(
        "fio2-charted-before-the-window",
        "respiratory",
        [(-1, "breathing", _TUBE), (1, "pao2", 60), (5, "breathing", _TUBE)],
        theirs=None,
        as_clifpy=3,
        ours=3,
    ),
    Case(
        "fio2-of-long-ago",
        "respiratory",
        [
            (0.5, "breathing", _TUBE),
            (9, "breathing", ("imv", None, None)),
            (10, "pao2", 60),
        ],
        theirs=3,
        as_clifpy=None,
        ours=None,
    ),
    Case(
        "cannula-without-a-flow",
        "respiratory",
        [(1, "breathing", ("nasal cannula", None, None)), (2, "spo2", 90)],
        theirs=2,
        as_clifpy=None,
        ours=None,
    ),
    Case(
        "flow-of-a-litre-and-a-half",
        "respiratory",
        [(1, "breathing", ("nasal cannula", None, 1.5)), (2, "spo2", 82)],
        theirs=1,
        as_clifpy=0,
        ours=0,
    ),
    Case(
        "while-the-airway-was-sucked",
        "respiratory",
        [
            (1, "breathing", ("imv", 0.35, None)),
            (2, "spo2", 97),
            (2.5, "spo2", 75),
            (2.75, "spo2", 97),
        ],
        theirs=2,
        as_clifpy=2,
        ours=1,
    ),
]

CARDIOVASCULAR = [
    Case(
        "rate-changed-before-the-window",
        "cardiovascular",
        [
            (-2, "epinephrine", 0.05),
            (-0.5, "epinephrine", 0.06),
            (0.25, "epinephrine", 0),
            (5, "map", 60),
        ],
        theirs=1,
        as_clifpy=2,
        ours=2,
    ),
    Case(
        "twenty-minutes-and-a-later-drug",
        "cardiovascular",
        [
            (2, "norepinephrine", 0.1),
            (2.3, "norepinephrine", 0),
            (6, "dobutamine", 5),
            (8, "dobutamine", 0),
        ],
        theirs=3,
        as_clifpy=2,
        ours=2,
    ),
    Case(
        "rate-raised-after-the-window",
        "cardiovascular",
        [
            (20, "norepinephrine", 0.1),
            (26, "norepinephrine", 0.5),
            (30, "norepinephrine", 0),
        ],
        theirs=4,
        as_clifpy=2,
        ours=2,
    ),
    Case(
        "infusion-nobody-charted-again",
        "cardiovascular",
        [(2, "norepinephrine", 0.3), (5, "map", 60)],
        theirs=1,
        as_clifpy=3,
        ours=3,
    ),
    Case(
        "drugs-of-different-hours",
        "cardiovascular",
        [
            (2, "norepinephrine", 0.1),
            (4, "norepinephrine", 0),
            (10, "dobutamine", 5),
            (12, "dobutamine", 0),
        ],
        theirs=3,
        as_clifpy=3,
        ours=2,
    ),
    Case(
        "assist-device-of-the-right-ventricle",
        "cardiovascular",
        [(5, "device", "rvad"), (5, "map", 80)],
        theirs=4,
        as_clifpy=4,
        ours=0,
    ),
]

LABORATORY = [
    Case(
        "platelets-behind-another-result",
        "haemostasis",
        [(-5, "platelets", 40), (-1, "creatinine", 1.0)],
        theirs=None,
        as_clifpy=4,
        ours=None,
    ),
    Case(
        "platelets-of-before-the-window",
        "haemostasis",
        [(-5, "platelets", 40)],
        theirs=4,
        as_clifpy=4,
        ours=None,
    ),
    Case(
        "bilirubin-behind-another-result",
        "liver",
        [(-5, "bilirubin_total", 8), (-1, "creatinine", 1.0)],
        theirs=None,
        as_clifpy=3,
        ours=None,
    ),
    Case(
        "result-of-the-very-boundary",
        "haemostasis",
        [(1, "platelets", 200), (24, "platelets", 40), (30, "platelets", 200)],
        theirs=4,
        as_clifpy=4,
        ours=0,
        days=2,
    ),
]

KIDNEY = [
    Case(
        "kidney-never-seen",
        "kidney",
        [(5, "map", 80)],
        theirs=0,
        as_clifpy=None,
        ours=None,
    ),
    Case(
        "volumes-just-short-of-six-hours",
        "kidney",
        [
            (-40, "weight", 100),
            *charted("urine", 5 + 55 / 60, 100, last=23.5),
            (5, "creatinine", 1.0),
        ],
        theirs=0,
        as_clifpy=3,
        ours=3,
    ),
    Case(
        "first-volume-of-the-stay",
        "kidney",
        [(-40, "weight", 100), (7, "urine", 100), (8, "creatinine", 1.0)],
        theirs=1,
        as_clifpy=1,
        ours=0,
    ),
    Case(
        "six-hours-of-little-urine",
        "kidney",
        [
            (-40, "weight", 100),
            *charted("urine", 1, 100, last=6),
            *charted("urine", 1, 20, first=7, last=12),
            *charted("urine", 1, 100, first=13),
            (5, "creatinine", 1.0),
            (5, "potassium", 6.5),
        ],
        theirs=4,
        as_clifpy=4,
        ours=1,
    ),
    Case(
        "venous-acidosis",
        "kidney",
        [(5, "creatinine", 2.5), (5, "ph_venous", 7.15), (5, "bicarbonate", 10)],
        theirs=4,
        as_clifpy=4,
        ours=2,
    ),
    Case(
        "days-after-continuous-replacement",
        "kidney",
        [(5, "crrt", None), (30, "creatinine", 1.0), (50, "creatinine", 1.0)],
        theirs=4,
        as_clifpy=4,
        ours=0,
        days=3,
        day=3,
    ),
]

CASES = [*BRAIN, *RESPIRATORY, *CARDIOVASCULAR, *LABORATORY, *KIDNEY]
