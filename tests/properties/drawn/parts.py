"""What made-up rules and facts are drawn from: names, hours, windows, moments.

Ranges are tiny on purpose, so that equalities and edges happen.
What is made of a choice of each of several things is drawn as one number: an example
costs by its draws.
"""

from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import strategies as st
from pydantic import TypeAdapter

from streams.vocabulary.facts import Flag
from streams.vocabulary.rules import Rule


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
RULE = TypeAdapter(Rule)

HOURS = ("1 h", "2 h", "3 h")
NAMES = st.sampled_from("abcd")
NUMBERS = (0.0, 1.0, 2.0, 3.0, 4.0)
ICD = "http://hl7.org/fhir/sid/icd-10-cm|"
DATED = ((), (), (), (), (Flag.DATE_ONLY,))
LEFT_OUT = object()
EVENLY = st.binary(min_size=8, max_size=8)
"""Of whole numbers Hypothesis draws the small ones far more often than the others."""


def one_of_each(make, choices):
    """What is made of one choice of each; of the first ones in the simplest case."""
    tables = {name: tuple(of) for name, of in choices.items()}

    def pick(drawn):
        number, picked = int.from_bytes(drawn), {}
        for name, table in tables.items():
            number, which = divmod(number, len(table))
            picked[name] = table[which]
        return make({n: one for n, one in picked.items() if one is not LEFT_OUT})

    return EVENLY.map(pick)


def leaf(kind, *, optional=None, together=({},), **fields):
    """A rule of that kind: one choice of each field, and of those that may be left out.

    `together`: fields that are chosen as one.
    """
    may_be = {name: (LEFT_OUT, *of) for name, of in (optional or {}).items()}
    return one_of_each(
        lambda picked: {"kind": kind, **picked.pop("@together"), **picked},
        {"@together": together, **fields, **may_be},
    )


def fact(kind, *, days_ago=(0,), **fields):
    """A fact of that kind, from four hours ago to an hour ahead, or as many days ago."""

    def made(picked):
        hours, days, number = (picked.pop(f"@{of}") for of in ("hours", "days", "id"))
        moment = NOW - timedelta(days=days, hours=hours / 2)
        said = {"happened_at": moment, "known_at": moment, **picked}
        return kind(event_id=f"{kind.__name__}-{number}", **said)

    when = {"@hours": range(-2, 9), "@days": days_ago, "@id": range(12)}
    return one_of_each(made, {**when, **fields})


def comparisons(unit, low=0, high=3):
    signs, numbers = ("<", "<=", ">", ">="), range(low, high + 1)
    return tuple(f"{sign} {n} {unit}" for sign, n in product(signs, numbers))


SINCE = (
    "onset.known_at",
    "hospital.happened_at",
    "hospital.known_at",
    "icu.happened_at",
    "icu.known_at",
    "vasopressor.happened_at",
    "ventilation.happened_at",
)
BACK = tuple({"within": hours} for hours in HOURS)
FROM = tuple({"since": anchor} for anchor in SINCE)
AROUND = tuple(
    {"around": anchor, "from": begin, **end}
    for anchor in SINCE
    for begin in ("-2 h", "-1 h", "0 h", "1 h")
    for end in ({}, {"to": "1 h"}, {"to": "2 h"})
)
WINDOWS = (
    *BACK * 40,
    *FROM * 4,
    *({**since, **within} for since in FROM for within in BACK),
    *AROUND,
)


def windowed(kind, *, optional=None, **fields):
    """A rule of that kind in any sort of window."""
    return leaf(kind, optional=optional, together=WINDOWS, **fields)


def silent(rules):
    """The same rules, some of which say that absence means no; a question cannot."""

    def said(rule, no):
        may = no and rule["kind"] != "confirm"
        return {**rule, "absent_means": False} if may else rule

    return st.builds(said, rules, st.booleans())


def records(facts):
    return st.lists(facts, max_size=8, unique_by=lambda one: one.event_id)
