"""What happens to a made-up patient: facts, flags that come and go, enrolments."""

from datetime import timedelta
from random import Random

from hypothesis import strategies as st
from properties.drawn.histories import STATUSES, STAY, entry, flag, histories
from properties.drawn.parts import NOW, one_of_each
from properties.drawn.rules import FACT

from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Encounter,
    Infusion,
    Location,
    Medication,
    RespiratorySupport,
)


BEGIN = NOW - timedelta(hours=6)
OF_TWO = (("sepsis3", "ember"), ("septic_shock", "sepsis3"))
FLAGGED = one_of_each(
    lambda picked: flag(*picked["of"], picked["hours"], picked["status"]),
    {"of": OF_TWO, "hours": range(4), "status": STATUSES},
)
ENROLLED = one_of_each(
    lambda picked: entry(**picked, hours=0),
    {
        "trial": ("trial-0", "trial-1", "t"),
        "domain": ("corticosteroid",),
        "episode": (STAY, "another"),
    },
)
WAITS = st.sampled_from((timedelta(0), timedelta(minutes=30), timedelta(hours=1)))


def opener(kind, **fields):
    """A fact that opens a screening by one of the entries."""
    told = {"happened_at": BEGIN, "known_at": BEGIN, "encounter": STAY}
    return kind(event_id=f"opens {kind.__name__}", **{**told, **fields})


OPENERS = (
    flag("sepsis3", "ember", 3, "provisional"),
    flag("septic_shock", "sepsis3", 2, "provisional"),
    opener(Encounter, phase="admitted"),
    opener(Location, phase="entered", ward="w", level="icu"),
    opener(Infusion, phase="started", infusion_id="o", drug="norepinephrine", rate=1.0),
    opener(RespiratorySupport, category="invasive"),
    opener(CultureCollected, culture_id="o", specimen="BLOOD CULTURE"),
    opener(
        CultureResult,
        culture_id="o",
        status="final",
        positive=True,
        organism="STAPHYLOCOCCUS AUREUS",
    ),
    opener(Medication, stage="given", sent_drug="hydrocortisone"),
)


@st.composite
def streams(draw):
    """What happens, in the order in which it becomes known, and how long after."""
    happenings = draw(histories(FACT))
    happenings += draw(st.lists(st.sampled_from(OPENERS), min_size=2, unique=True))
    happenings += draw(st.lists(FLAGGED, max_size=3))
    happenings += draw(st.lists(ENROLLED, max_size=1))
    Random(draw(st.integers(0, 999))).shuffle(happenings)
    return [(draw(WAITS), one) for one in happenings]
