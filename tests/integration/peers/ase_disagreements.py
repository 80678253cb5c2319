"""Stays of which clifpy 2.1.0 and the toolkit say different things.

Each is explained in `deploy/docs/peers_ase.md`; what either says of the first culture
is its day of onset (hospital day) and type, or None where it sees no event.
"""

from dataclasses import dataclass, replace

from integration.peers.ase_stories import Story


@dataclass(frozen=True)
class Case:
    """One disagreement."""

    name: str
    story: Story
    theirs: tuple | None
    ours: tuple | None


def course(first, drug="ceftriaxone", days=4, route="iv"):
    return tuple((day, drug, route) for day in range(first, first + days))


PLAIN = Story(cultures=(5,), doses=course(5), drips=((5, "norepinephrine"),))
NO_ORGAN = replace(PLAIN, drips=())
HOSPITAL, COMMUNITY = "hospital", "community"

CASES = (
    Case(
        "lactate_always",
        replace(NO_ORGAN, labs=((5, "lactate", 4.0),)),
        (5, HOSPITAL),
        None,
    ),
    Case(
        "dose_on_the_day_of_admission",
        replace(
            PLAIN,
            cultures=(1,),
            doses=course(1),
            drips=((1, "norepinephrine"),),
            admitted_hour=8.0,
        ),
        None,
        (1, COMMUNITY),
    ),
    Case(
        "dose_before_admission_makes_it_old",
        replace(
            PLAIN,
            cultures=(2,),
            doses=course(-1, days=6),
            drips=((2, "norepinephrine"),),
        ),
        (1, COMMUNITY),
        None,
    ),
    Case(
        "vasopressor_51_hours_before",
        replace(NO_ORGAN, drips=(((3, 9.0), "norepinephrine"),)),
        None,
        (3, HOSPITAL),
    ),
    Case(
        "ventilation_51_hours_after",
        replace(NO_ORGAN, ventilated=((7, 15.0),)),
        None,
        (5, HOSPITAL),
    ),
    Case(
        "dobutamine",
        replace(NO_ORGAN, drips=((5, "dobutamine"),)),
        (5, HOSPITAL),
        None,
    ),
    Case(
        "egfr",
        replace(NO_ORGAN, labs=((4, "egfr", 80.0), (5, "egfr", 40.0))),
        None,
        (5, HOSPITAL),
    ),
    Case(
        "comfort_care",
        replace(PLAIN, doses=course(5, days=2), comfort=(6,)),
        None,
        (5, HOSPITAL),
    ),
    Case(
        "result_after_the_window",
        replace(
            NO_ORGAN,
            labs=((6, "bilirubin_total", 1.0), (7, "bilirubin_total", 4.0)),
            results_late=24,
        ),
        None,
        (5, HOSPITAL),
    ),
    Case(
        "other_renal_code",
        replace(
            NO_ORGAN,
            labs=((4, "creatinine", 0.8), (5, "creatinine", 2.0)),
            codes=("I27.2",),
        ),
        None,
        (5, HOSPITAL),
    ),
    Case(
        "baseline_of_the_wrong_type",
        replace(
            NO_ORGAN,
            cultures=(3,),
            doses=course(2),
            labs=((3, "creatinine", 2.0), (8, "creatinine", 1.0)),
            leaves=(9, "Home"),
        ),
        None,
        (2, COMMUNITY),
    ),
)
