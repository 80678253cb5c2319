"""Rules of every kind, alone and in compounds, and records that they are judged over."""

from datetime import timedelta

from hypothesis import strategies as st
from properties.drawn.numbers import OF_NUMBERS
from properties.drawn.parts import HOURS, NAMES, NOW, RULE, leaf, records
from properties.drawn.persons import OF_PERSONS
from properties.drawn.treatments import OF_TREATMENTS

from streams.clinical.criteria.judgement import PatientView
from streams.clinical.timeline import Timeline
from streams.vocabulary.truth import FALSE, TRUE


PAIRS = OF_NUMBERS | OF_TREATMENTS | OF_PERSONS
"""By name: rules of one kind, and facts that they read."""
NO_FACTS = (
    leaf("onset"),
    leaf("enrolled", trials=(["t"],)),
    leaf("refused", trials=(["t"],), optional={"within": HOURS}),
)
DATA = st.one_of(*(rule for rule, _ in PAIRS.values()), *NO_FACTS)
QUESTIONS = leaf("confirm", name="abcd", question=("Is it so?",))


def trees(leaves, *, negation=True):
    """Rules of these leaves, alone or in compounds."""

    def grow(parts):
        several = st.lists(parts, min_size=1, max_size=3)
        so_many = st.sampled_from(("all", "any", 1, 2, 3))
        compounds = st.builds(compound, so_many, several)
        return compounds | parts.map(negated) if negation else compounds

    return st.recursive(leaves, grow, max_leaves=6).map(RULE.validate_python)


def compound(kind, of):
    if isinstance(kind, str):
        return {"kind": kind, "of": of}
    return {"kind": "at_least", "n": min(kind, len(of)), "of": of}


def negated(rule):
    return {"kind": "not", "rule": rule}


FACT = st.one_of(*(facts for _, facts in PAIRS.values()))
FACTS = records(FACT)
ANSWERS = st.dictionaries(NAMES, st.sampled_from((TRUE, FALSE)))
ANCHORS = {
    "onset.known_at": NOW - timedelta(hours=1),
    "onset.happened_at": NOW - timedelta(hours=2),
}


def view(facts, answers=None):
    timeline = Timeline()
    for one in facts:
        timeline.apply(one, one.event_id)
    return PatientView(timeline=timeline, anchors=ANCHORS, answers=answers or {})
