"""Records as they arrive: late, corrected, cancelled, filed under one stay or another."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

from hypothesis import strategies as st
from properties.drawn.parts import HOURS, LEFT_OUT, NOW, leaf, one_of_each

from streams.vocabulary.events import Cancellation, Correction
from streams.vocabulary.messages import RosterEntry, SepsisOnset
from streams.vocabulary.truth import FALSE, TRUE


HOUR = timedelta(hours=1)
STAY = "e"
LAGS = (timedelta(0), timedelta(0), HOUR, 3 * HOUR)
STAYS = (None, None, STAY, "f")
FATES = (*("stands",) * 6, "cancelled", "corrected")


@st.composite
def histories(draw, facts):
    """What is told of these facts, each with its own `known_at`, in any order."""
    found = draw(
        st.lists(facts, min_size=2, max_size=10, unique_by=lambda one: one.event_id)
    )
    told = []
    for one in found:
        lag, stay, fate = draw(TWISTS)
        own = one.encounter or stay
        known = max(one.known_at, one.happened_at) + lag
        fact = replace(one, known_at=known, encounter=own)
        told += [fact, *amendments(fact, fate, known + lag)]
    turned = draw(st.integers(0, len(told)))
    return told[turned:] + told[:turned]


TWISTS = st.sampled_from(tuple(product(LAGS, STAYS, FATES)))


def amendments(fact, fate, known_at):
    said = {"happened_at": fact.happened_at, "known_at": known_at, "version": 1}
    if fate == "cancelled":
        yield Cancellation(event_id=f"{fact.event_id}!", cancels=fact.event_id, **said)
    elif fate == "corrected":
        moved = replace(fact, happened_at=fact.happened_at - HOUR)
        yield Correction(
            event_id=f"{fact.event_id}!", corrects=fact.event_id, event=moved, **said
        )


# -- what Ember itself knows -----------------------------------------------------------


def flag(definition, policy, hours, status, known=0):
    """Raised so many hours ago."""
    return SepsisOnset(
        message_id="m",
        site="s",
        patient="p",
        happened_at=NOW - timedelta(hours=hours),
        known_at=NOW - timedelta(hours=known),
        source="detect",
        provenance="simulated",
        flag_id=definition,
        revision=0,
        status=status,
        definition=definition,
        definition_version="1",
        policy=policy,
        episode=STAY,
        evidence=(definition,),
    )


def entry(trial, domain, hours, episode=STAY):
    """Written into the roster so many hours ago."""
    return RosterEntry(
        message_id=f"r {trial} {domain} {hours} {episode}",
        site="s",
        patient="p",
        happened_at=NOW - timedelta(hours=hours),
        known_at=NOW,
        source="registry",
        provenance="simulated",
        trial=trial,
        domain=domain,
        episode=episode,
        participant="x",
    )


STATUSES = ("provisional", "confirmed", "withdrawn")
FLAGS = one_of_each(
    lambda picked: flag(**picked),
    {
        "definition": ("sepsis3", "septic_shock"),
        "hours": range(-1, 5),
        "status": STATUSES,
        "known": range(3),
        "policy": ("ember", "sepsis3"),
    },
)
ENTRIES = one_of_each(
    lambda picked: entry(**picked),
    {"trial": ("t", "u", ""), "domain": "xy", "hours": range(-1, 5)},
)
MOMENTS = (LEFT_OUT, *(NOW - timedelta(hours=hours) for hours in range(5)))
ANCHORS = one_of_each(dict, {"entry.happened_at": MOMENTS, "onset.known_at": MOMENTS})
ANSWERS = one_of_each(dict, dict.fromkeys("ab", (LEFT_OUT, TRUE, FALSE)))
ANSWERED = one_of_each(dict, dict.fromkeys("ab", MOMENTS))
EPISODES = st.sampled_from(("none", STAY))
ONSETS = st.none() | FLAGS
OF_THE_SCREENING = st.fixed_dictionaries(
    {"episode": EPISODES, "onset": ONSETS, "anchors": ANCHORS}
)
"""What of a view beside the timeline matters to any rule with a window."""
ASIDE = st.fixed_dictionaries(
    {
        "episode": EPISODES,
        "onset": ONSETS,
        "anchors": ANCHORS,
        "flags": st.lists(FLAGS, max_size=2, unique_by=lambda one: one.flag_id),
        "roster": st.lists(ENTRIES, max_size=2),
        "declined": st.lists(ENTRIES, max_size=2),
        "answers": ANSWERS,
        "answered_at": ANSWERED,
    }
)
"""All that a view has beside the timeline."""

KNOWN = st.one_of(
    leaf(
        "onset",
        optional={
            "definition": ("sepsis3", "septic_shock"),
            "policy": ("ember",),
            "statuses": (["confirmed"],),
            "clock": ("known", "happened"),
            "within": HOURS,
            "since": ("entry.happened_at", "icu.happened_at"),
        },
    ),
    leaf(
        "enrolled",
        trials=(["t"],),
        optional={"domains": (["x"],), "within": HOURS},
    ),
    leaf("refused", trials=(["t"],), optional={"within": HOURS}),
    leaf(
        "confirm",
        name="ab",
        question=("Is it so?",),
        optional={"holds_for": HOURS},
    ),
)
"""Rules of what Ember knows, and of what humans answered."""
