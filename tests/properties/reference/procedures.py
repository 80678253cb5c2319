"""What is done and what runs: breathing support, procedures."""

from properties.reference.record import has_word, latest_of, told, unrecorded
from properties.reference.treatment import OPEN, ids, is_odd
from properties.reference.windows import Window, anchorless, in_words, window_of

from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, any_of


def respiratory_support(rule, patient):
    window, need = window_of(rule, patient), f"{' or '.join(rule.any_of)} charted"
    if window is None:
        return anchorless(rule)
    charted = [f for f in patient.all("respiratory_support") if f.category is not None]
    found = [f for f in charted if window.has(f) is not FALSE]
    sure = [f for f in found if window.has(f) is TRUE]
    given = [f for f in found if f.category in rule.any_of]
    surely_given = [f for f in given if f in sure]
    if surely_given:
        return told(TRUE, (*ids(surely_given[-1:]), *window.evidence))
    if given:
        evidence = (*ids(given), *window.evidence)
        return told(UNKNOWN, evidence, f"{need}{in_words(rule)}")
    if sure:
        return told(FALSE, (*ids(sure[-1:]), *window.evidence))
    return unrecorded(rule, need)


def procedure(rule, patient):
    running = " running" if rule.running else ""
    need = f"{' or '.join(rule.any_of)}{running}{in_words(rule)}"
    now = patient.now
    window = Window(now, now, now, now, now)
    if rule.has_window:
        window = window_of(rule, patient)
        if window is None:
            return anchorless(rule)
    named = [f for f in patient.all("procedure") if has_word(f.name, rule.any_of)]
    named = [f for f in named if not is_odd(f)]
    if rule.running:
        return runs(rule, patient, named, window, need)
    found = [f for f in named if window.has(f) is not FALSE]
    sure = [f for f in found if window.has(f) is TRUE]
    if sure:
        return told(TRUE, (*ids(sure[-1:]), *window.evidence))
    if found:
        return told(UNKNOWN, (*ids(found), *window.evidence), need)
    return unrecorded(rule, need)


def runs(rule, patient, named, window, need):
    """Begun by the window's end and not ended before it began."""
    lives = [
        [f for f in named if f.procedure_id == name]
        for name in {f.procedure_id for f in named}
    ]
    if not lives:
        return unrecorded(rule, need)
    said = [(ran(life, patient, window), life[-1]) for life in lives]
    truth = any_of(one for one, _ in said)
    evidence = ids(last for one, last in said if one is truth)
    return told(truth, (*evidence, *window.evidence), need)


def ran(life, patient, window):
    begun = [f for f in life if f.phase == "started"]
    ended = [f for f in life if f.phase == "stopped"]
    if not begun:
        return window.has(ended[0]) if ended else FALSE
    first = begun[0]
    left = [
        fact
        for fact in patient.all("encounter", phase="discharged")
        if fact.encounter == first.encounter and fact.happened_at > first.happened_at
    ]
    if first.happened_at > window.latest_end or window.lies_ahead is TRUE:
        return FALSE
    end = next(iter(ended or left), None)
    if end is not None and min(latest_of(end), patient.now) <= window.begin:
        return FALSE
    if end is None and first.happened_at + OPEN < window.begin:
        return UNKNOWN
    surely_ran = end is None or end.happened_at > window.latest_begin
    sure = latest_of(first) <= window.end and surely_ran
    return TRUE if sure and window.lies_ahead is FALSE else UNKNOWN
