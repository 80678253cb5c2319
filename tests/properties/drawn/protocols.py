"""Made-up protocols: any entry, any anchor, rules of every kind that criteria share."""

from datetime import timedelta
from itertools import combinations, permutations

from hypothesis import strategies as st
from properties.drawn.parts import SINCE, leaf, one_of_each, silent
from properties.drawn.rules import DATA, QUESTIONS, trees
from pydantic import TypeAdapter

from streams.app.protocols import shipped_protocol
from streams.vocabulary.entry import Entry
from streams.vocabulary.protocol import Arm, Criterion, Factor


SHIPPED = shipped_protocol("ember_demo")
FLAGS = leaf("onset", definition=("septic_shock", "sepsis3"))
RULES = trees(silent(DATA) | QUESTIONS | FLAGS)

SIMPLE = (
    {"kind": "onset", "definition": "sepsis3", "policy": "ember"},
    {"kind": "onset", "definition": "septic_shock", "policy": "sepsis3"},
    {"kind": "admission"},
    {"kind": "unit", "any_of": ["icu"]},
    {"kind": "infusion", "drugs": ["vasopressor"]},
    {"kind": "respiratory_support", "any_of": ["invasive"]},
    {"kind": "culture", "organisms": ["aureus"]},
    {"kind": "medication", "named": ["cortison"]},
)
SEVERAL = one_of_each(
    lambda picked: picked,
    {"kind": ("first_of",), "of": tuple(map(list, permutations(SIMPLE, 2)))},
)
TOGETHER = one_of_each(
    lambda picked: picked,
    {
        "kind": ("all_of",),
        "of": tuple(map(list, combinations(SIMPLE, 2))),
        "within": ("1 h", "2 h"),
    },
)
ENTRY = TypeAdapter(Entry)
ENTRIES = st.one_of(st.sampled_from(SIMPLE), SEVERAL, TOGETHER).map(
    ENTRY.validate_python
)
ANCHORS = st.sampled_from(("entry.known_at", "entry.happened_at", *SINCE))
COUNTED_FROM = st.sampled_from(
    ("entry.known_at", "entry.happened_at", "onset.known_at", "onset.happened_at")
)


def criterion(number, rule):
    return Criterion.model_construct(
        id=f"C{number}", text="x", rule=rule, if_unknown="wait", question=None
    )


def protocol(
    name,
    *,
    entry,
    window,
    anchor="entry.happened_at",
    of_the_platform=(),
    inclusion=(),
    exclusion=(),
    of_an_arm=(),
    strata=(),
):
    """A trial of three arms in one domain."""
    (domain,) = SHIPPED.domains
    recruitment = domain.recruitment.model_copy(
        update={"entry": entry, "anchor": anchor, "window": window}
    )
    changed = domain.model_copy(
        update={
            "recruitment": recruitment,
            "arms": (
                Arm(id="a", title="a").model_copy(update={"exclusion": of_an_arm}),
                Arm(id="b", title="b"),
                Arm(id="c", title="c"),
            ),
            "strata": strata,
            "inclusion": inclusion,
            "exclusion": exclusion,
        }
    )
    said = {"id": name, "inclusion": of_the_platform, "domains": (changed,)}
    return SHIPPED.model_copy(update=said)


@st.composite
def protocols(draw, anchors=ANCHORS):
    """One or two protocols, whose criteria share rules."""
    pool = draw(st.lists(RULES, min_size=2, max_size=4))
    told = []
    for number in range(draw(st.integers(1, 2))):
        picked = [draw(st.lists(st.sampled_from(pool), max_size=2)) for _ in range(4)]
        asked = [
            tuple(criterion(f"{place}{n}", rule) for n, rule in enumerate(rules))
            for place, rules in enumerate(picked)
        ]
        factor = Factor(
            id="f", text="f", rule=draw(RULES), if_true="yes", if_false="no"
        )
        told.append(
            protocol(
                f"trial-{number}",
                entry=draw(ENTRIES),
                anchor=draw(anchors),
                window=timedelta(hours=draw(st.integers(1, 5))),
                strata=(factor,) * draw(st.integers(0, 1)),
                of_an_arm=asked[0],
                inclusion=asked[1],
                exclusion=asked[2],
                of_the_platform=asked[3],
            )
        )
    return tuple(told)
