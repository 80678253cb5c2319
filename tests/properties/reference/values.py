"""The numbers of a concept: one of them, all of them, so many, for so long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from properties.reference.intervals import Range, censored, compared
from properties.reference.record import (
    by_absence,
    has_word,
    is_dated,
    latest_of,
    told,
    unrecorded,
)
from properties.reference.windows import anchorless, in_words, window_of

from streams.vocabulary.concepts import concept
from streams.vocabulary.errors import InputError
from streams.vocabulary.facts import Flag
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, truth


@dataclass
class Reading:
    """A number, whether it counts, and what it says of the rule where it does."""

    event_id: str
    at: datetime
    latest: datetime
    dated: bool
    range: Range | None
    counts: object
    says: object = UNKNOWN

    @property
    def holds(self):
        """Whether it counts and compares so; what does not compare so is FALSE."""
        return FALSE if self.says is FALSE else self.says & self.counts


NUMBERS = ("measurement", "assessment", "biomarker")


def range_of(fact):
    """In the concept's unit; None where a marker's own cannot be converted."""
    if fact.kind == "assessment":
        return censored(fact.value, None)
    if fact.kind == "biomarker":
        try:
            value = concept(fact.concept).in_canonical_unit(fact.value, fact.unit)
        except InputError:
            return None
        return censored(value, fact.comparator)
    if fact.upper is not None and fact.comparator is None:
        return Range(fact.value, fact.upper)
    return censored(fact.value, fact.comparator)


def readings(name, patient, window, specimens=(), methods=()):
    """The numbers that lie in the window, or may."""
    found = []
    for fact in patient.all(*NUMBERS, concept=name):
        counts = window.has(fact)
        for of, words in (("specimen", specimens), ("method", methods)):
            counts &= is_among(getattr(fact, of, None), words)
        if fact.value is not None and counts is not FALSE:
            times = fact.happened_at, latest_of(fact), is_dated(fact)
            found.append(Reading(fact.event_id, *times, range_of(fact), counts))
    return found


def is_among(sent, words):
    """Of what is not told nobody can say."""
    if not words:
        return TRUE
    return truth(has_word(sent, words)) if sent else UNKNOWN


def ids(found):
    return [one.event_id for one in found]


# -- value -----------------------------------------------------------------------------


def value(rule, patient):
    window, need = window_of(rule, patient), f"{rule.concept}{in_words(rule)}"
    if window is None:
        return anchorless(rule)
    wide = window
    if rule.sustained is not None:
        gone = window.begin - rule.gap, window.latest_begin - rule.gap
        wide = type(window)(*gone, window.end, window.latest_end, window.now)
    found = readings(rule.concept, patient, wide, rule.specimens, rule.methods)
    if not found:
        return unrecorded(rule, need)
    odd = {f.event_id for f in patient.facts if Flag.IMPLAUSIBLE in f.flags}
    than = concept(rule.concept).in_canonical_unit(rule.is_.value, rule.is_.unit)
    for one in found:
        doubted = rule.implausible == "unknown" and one.event_id in odd
        if one.range is not None and not doubted:
            one.says = compared(one.range, rule.is_.operator, than)
    said, deciding = how(rule)(rule, window, found)
    return told(said, (*ids(deciding), *window.evidence), need)


def how(rule):
    if rule.sustained is not None:
        return some_time if rule.which == "any" else up_to_now
    if rule.n is not None:
        return so_many
    return one_of if rule.which in ("latest", "first") else any_or_all


def one_of(rule, _, found):
    """The latest or the first: whichever can be it; they must agree."""
    sure = [one for one in found if one.counts is TRUE]
    earlier = rule.which == "first"
    able = [
        one
        for one in found
        if all(
            may_precede(one, other) if earlier else may_precede(other, one)
            for other in sure
            if other is not one
        )
    ]
    return agreed(rule, able, sure), able


def may_precede(one, other):
    if one.dated or other.dated:
        return one.at <= other.latest
    return (one.at, one.event_id) < (other.at, other.event_id)


def agreed(rule, found, sure):
    """What they all say; where none surely counts there may be none at all."""
    said = {one.says for one in found} | (set() if sure else {by_absence(rule)})
    return said.pop() if len(said) == 1 else UNKNOWN


def any_or_all(rule, _, found):
    """`highest > x` holds as soon as one does; `highest < x` needs all of them."""
    upward = rule.is_.operator in (">", ">=")
    one_does = rule.which == "any" or (rule.which == "highest") == upward
    decides = TRUE if one_does else FALSE
    sure = [one for one in found if one.counts is TRUE]
    deciding = [one for one in sure if one.says is decides]
    if deciding:
        return decides, deciding[-1:]
    said = agreed(rule, found, sure)
    if sure != found:
        return said, found
    if said is UNKNOWN:
        return said, [one for one in found if one.says is UNKNOWN]
    if upward == one_does:
        return said, [max(found, key=lambda one: (one.range.high, one.event_id))]
    return said, [min(found, key=lambda one: (one.range.low, one.event_id))]


def so_many(rule, _, found):
    """FALSE only once so many were made: before that another may come."""
    apart = rule.apart or timedelta(0)
    holding = chain([one for one in found if one.holds is TRUE], apart)
    if len(holding) >= rule.n:
        return TRUE, holding
    hoped = [one for one in found if one.holds is not FALSE]
    exact = chain([one for one in hoped if not one.dated], apart)
    most = len(exact) + sum(one.dated for one in hoped)
    made = [one for one in found if one.counts is TRUE]
    if len(chain(made, apart)) >= rule.n and most < rule.n:
        return FALSE, made
    if rule.absent_means is False and len(hoped) < rule.n:
        return FALSE, found
    return UNKNOWN, found


def chain(found, apart):
    """As many as there surely are, each so long after the one before it."""
    chosen = []
    for one in sorted(found, key=lambda one: one.latest):
        if not chosen or one.at - chosen[-1].latest >= apart:
            chosen.append(one)
    return chosen


# -- sustained -------------------------------------------------------------------------


def denies(one):
    return one.says is FALSE and one.counts is TRUE and not one.dated


def affirms(one):
    return one.holds is TRUE and not one.dated


def up_to_now(rule, window, found):
    """Every reading since then compares so, none further from the next than the gap."""
    begin = window.end - rule.sustained
    if window.latest_begin > begin:
        return (FALSE if window.begin > begin else UNKNOWN), []
    against = [one for one in found if denies(one) and one.at >= begin]
    if against:
        return FALSE, against[-1:]
    covering, reached = [], window.end
    for one in takewhile(affirms, reversed(found)):
        if reached <= begin or reached - one.at > rule.gap:
            break
        covering.append(one)
        reached = one.at
    return (TRUE if reached <= begin else UNKNOWN), covering


def some_time(rule, window, found):
    """A stretch of readings that compare so, long enough, surely in the window."""
    stretch = []
    for one in found:
        joins = stretch and one.at - stretch[-1].at <= rule.gap
        stretch = ([*stretch, one] if joins else [one]) if affirms(one) else []
        if not stretch:
            continue
        begun = max(stretch[0].at, window.latest_begin)
        if one.at - begun >= rule.sustained:
            later = found[found.index(one) + 1 :]
            return TRUE, continued(rule, stretch, later)
    against = [one for one in found if denies(one)]
    edges = [window.begin, *(one.at for one in against), window.latest_end]
    inside = [at for at in edges if window.begin <= at <= window.latest_end]
    if all(later - earlier < rule.sustained for earlier, later in pairwise(inside)):
        return FALSE, against
    return UNKNOWN, found


def continued(rule, stretch, later):
    """The stretch to its end."""
    for one in takewhile(affirms, later):
        if one.at - stretch[-1].at > rule.gap:
            break
        stretch = [*stretch, one]
    return stretch


# -- trend -----------------------------------------------------------------------------


def trend(rule, patient):
    window = window_of(rule, patient)
    need = f"two readings of {rule.concept}{in_words(rule)}"
    if window is None:
        return anchorless(rule)
    found = readings(rule.concept, patient, window)
    if not found:
        return unrecorded(rule, need)
    unsure = any(one.dated or one.counts is not TRUE for one in found)
    if len(found) == 1 or unsure:
        return told(UNKNOWN, (*ids(found), *window.evidence), need)
    changes = [(change(rule, *pair), pair) for pair in pairs(rule, found)]
    falling = rule.from_ == "highest" or rule.to == "lowest"
    best = min if falling else max
    far = Range(best(c.low for c, _ in changes), best(c.high for c, _ in changes))
    deciding = [
        one
        for moved, pair in changes
        if (moved.low <= far.high if falling else moved.high >= far.low)
        for one in pair
    ]
    said = compared(far, rule.change.operator, asked_change(rule))
    return told(said, (*ids(deciding), *window.evidence), need)


def pairs(rule, found):
    """Each an earlier and a later reading."""
    for later in found if rule.to != "latest" else found[-1:]:
        before = found[: found.index(later)]
        chosen = {"first": before[:1], "latest": before[-1:]}
        for earlier in chosen.get(rule.from_, before):
            yield earlier, later


def change(rule, earlier, later):
    nowhere = Range(float("-inf"), float("inf"))
    was, now = earlier.range or nowhere, later.range or nowhere
    if not rule.relative:
        return Range(round(now.low - was.high, 9), round(now.high - was.low, 9))
    if was.low <= 0:
        return nowhere
    low = now.low / (was.high if now.low >= 0 else was.low)
    high = now.high / (was.low if now.high >= 0 else was.high)
    return Range(round(100 * low - 100, 9), round(100 * high - 100, 9))


def asked_change(rule):
    if rule.relative:
        return rule.change.value
    number = concept(rule.concept).in_canonical_unit
    unit = rule.change.unit
    return round(number(rule.change.value, unit) - number(0.0, unit), 9)
