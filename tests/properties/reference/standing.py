"""What Ember itself knows, what only a human can say, and how long it is since."""

from datetime import timedelta

from properties.reference.intervals import Range, compared
from properties.reference.record import told, unrecorded
from properties.reference.windows import (
    VASOPRESSORS,
    Anchor,
    anchored,
    anchorless,
    window_of,
)

from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, any_of
from streams.vocabulary.units import convert


def onset(rule, patient):
    need = f"sepsis onset ({rule.definition or 'anchor'})"
    flags = [patient.onset] if patient.onset else []
    if rule.definition is not None:
        flags = [
            flag
            for flag in patient.flags
            if (flag.definition, flag.episode) == (rule.definition, patient.episode)
            and rule.policy in (None, flag.policy)
            and flag.happened_at <= patient.now
        ]
    if not flags:
        return unrecorded(rule, need)
    window = window_of(rule, patient)
    if window is None:
        return anchorless(rule)
    clock = "known_at" if rule.clock == "known" else "happened_at"
    stands = []
    for flag in flags:
        at = getattr(flag, clock)
        inside = window.holds(at, at) if rule.has_window else TRUE
        stands.append((inside if flag.status in rule.statuses else FALSE, flag))
    said = any_of(one for one, _ in stands)
    evidence = [event for one, flag in stands if one is said for event in flag.evidence]
    return told(said, (*evidence, *window.evidence), need)


def enrolled(rule, patient):
    entries = recent(patient.roster, rule.trials, rule, patient)
    entries = [e for e in entries if not rule.domains or e.domain in rule.domains]
    if entries:
        return told(TRUE, [entry.message_id for entry in entries])
    return unrecorded(rule, f"enrolment in {' or '.join(rule.trials)}{ago(rule)}")


def refused(rule, patient):
    """Who declined all research (an entry without a trial) declined each."""
    entries = recent(patient.declined, ("", *rule.trials), rule, patient)
    if entries:
        return told(TRUE, [entry.message_id for entry in entries])
    return unrecorded(rule, f"refusal of {' or '.join(rule.trials)}{ago(rule)}")


def recent(entries, trials, rule, patient):
    found = [e for e in entries if e.trial in trials and e.happened_at <= patient.now]
    if rule.within is None:
        return found
    return [e for e in found if e.happened_at >= patient.now - rule.within]


def ago(rule):
    return "" if rule.within is None else f" within {write_duration(rule.within)}"


def confirm(rule, patient):
    """An answer that is too old, or whose age nobody knows, is none."""
    answer = patient.answers.get(rule.name, UNKNOWN)
    if rule.holds_for is not None:
        at = patient.answered_at.get(rule.name)
        if at is None or at + rule.holds_for < patient.now:
            answer = UNKNOWN
    return told(answer, (), f"confirm:{rule.name}")


def elapsed(rule, patient):
    begun, ended = anchored(rule.since, patient), Anchor(patient.now, patient.now)
    if begun is not None and rule.until is not None:
        ended = anchored(rule.until, patient)
    if begun is None or ended is None:
        name = rule.since if begun is None else rule.until
        return (
            unrecorded(rule, name)
            if nothing_of(name, patient)
            else told(UNKNOWN, (), name)
        )
    least, most = ended.at - begun.latest, ended.latest - begun.at
    seconds = convert(rule.is_.value, from_unit=rule.is_.unit, to_unit="s")
    asked = timedelta(seconds=seconds)
    found = Range(least.total_seconds(), most.total_seconds())
    said = compared(found, rule.is_.operator, asked.total_seconds())
    evidence = (*begun.evidence, *ended.evidence)
    return told(said, evidence, f"the time of day of {rule.since}")


def nothing_of(name, patient):
    """Whether nothing is on record that could be it, in this stay or any other."""
    of = name.partition(".")[0]
    if of in ("entry", "onset", "culture"):
        return True
    if of == "vasopressor":
        return not any(f.drug in VASOPRESSORS for f in patient.all("infusion"))
    kinds = {"icu": "location", "ventilation": "respiratory_support"}
    return not patient.all(kinds.get(of, "encounter"))
