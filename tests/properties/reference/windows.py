"""Anchors and windows, whose edges a date alone leaves open by a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from properties.reference.record import UNKNOWN, latest_of, told

from streams.vocabulary.drugs import drugs
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE


EVER = timedelta(days=200 * 366)
VASOPRESSORS = [d.name for d in drugs().values() if d.drug_class == "vasopressor"]


@dataclass
class Anchor:
    """The earliest and the latest that it can have been."""

    at: datetime
    latest: datetime
    evidence: tuple = ()


@dataclass
class Window:
    """Its first moment and its last, each the earliest and the latest it can be."""

    begin: datetime
    latest_begin: datetime
    end: datetime
    latest_end: datetime
    now: datetime
    evidence: tuple = ()

    def holds(self, earliest, latest):
        """Whether what happened between these two moments happened in it."""
        latest = max(earliest, min(latest, self.now))
        if self.latest_begin <= earliest and latest <= self.end:
            return TRUE
        if latest < self.begin or self.latest_end < earliest:
            return FALSE
        return UNKNOWN

    @property
    def lies_ahead(self):
        """Whether it has not begun, so that nothing can lie in it yet."""
        if self.begin > self.latest_end:
            return TRUE
        return UNKNOWN if self.latest_begin > self.end else FALSE

    def has(self, fact):
        return self.holds(fact.happened_at, latest_of(fact))


def window_of(rule, patient):
    """The window as it is written; None while its anchor is not known."""
    now, around = patient.now, getattr(rule, "around", None)
    oldest = now - (rule.within or EVER)
    name = around or rule.since
    if name is None:
        return Window(oldest, oldest, now, now, now)
    anchor = anchored(name, patient)
    if anchor is None:
        return None
    begin, latest, end, latest_end = anchor.at, anchor.latest, now, now
    if around:
        begin, latest = begin + rule.from_, latest + rule.from_
        if rule.to is not None:
            end, latest_end = anchor.at + rule.to, anchor.latest + rule.to
    begin, latest = max(begin, oldest), max(latest, oldest)
    ends = min(end, now), min(latest_end, now)
    return Window(begin, latest, *ends, now, anchor.evidence)


def anchorless(rule):
    return told(UNKNOWN, (), getattr(rule, "around", None) or rule.since)


def in_words(rule):
    """As `would_need` reads the window aloud."""
    said = "" if rule.within is None else f" within {write_duration(rule.within)}"
    if rule.since is not None:
        said += f" since {rule.since}"
    if getattr(rule, "around", None) is not None:
        until = "" if rule.to is None else f" to {write_duration(rule.to)}"
        said += f" from {write_duration(rule.from_)}{until} around {rule.around}"
    return said


# -- anchors ---------------------------------------------------------------------------


def anchored(name, patient):
    """The anchor, where the screening brings it along or the record tells it."""
    if name in patient.anchors:
        return Anchor(patient.anchors[name], patient.anchors[name])
    of, _, clock = name.partition(".")
    if of == "onset":
        flag = patient.onset
        if flag is None or flag.status == "withdrawn":
            return None
        at = getattr(flag, clock)
        return Anchor(at, at, flag.evidence)
    first = may_be_first(tells(of, patient))
    if not first:
        return None
    if clock == "known_at":
        known = first[0].known_at
        return Anchor(known, known, (first[0].event_id,)) if len(first) == 1 else None
    at = first[0].happened_at
    latest = max(at, min(patient.now, *map(latest_of, first)))
    return Anchor(at, latest, (first[0].event_id,))


def may_be_first(facts):
    """The first and, where it is a date, those that may have come before it."""
    if not facts:
        return []
    soonest = min(map(latest_of, facts))
    return [facts[0], *(f for f in facts[1:] if f.happened_at <= soonest)]


def tells(of, patient):
    """The facts that can be the anchor, of which the first is it."""
    if of == "hospital":
        return arrivals(patient)
    if of not in CANDIDATES:
        return []
    found = [f for f in CANDIDATES[of](patient) if may_belong(f, patient)]
    return found if found and surely_belongs(found[0], patient) else []


def icus(patient):
    return patient.all("location", phase="entered", level="icu")


def vasopressors(patient):
    found = [f for f in patient.all("infusion") if f.drug in VASOPRESSORS]
    return [f for f in found if f.phase != "stopped" and not stands_still(f)]


def ventilations(patient):
    found = patient.all("respiratory_support")
    ventilated = [f for f in found if f.category in ("invasive", "niv")]
    return [f for f in ventilated if f.phase != "stopped"]


CANDIDATES = {"icu": icus, "vasopressor": vasopressors, "ventilation": ventilations}


def stands_still(infusion):
    """Charted as 0."""
    sent = infusion.sent_rate if infusion.rate is None else infusion.rate
    return sent == 0


def came(patient):
    """Words of arrivals; to a visit nobody comes."""
    found = patient.all("encounter")
    begun = [f for f in found if f.phase in ("registered", "admitted")]
    return [f for f in begun if f.encounter_class != "outpatient"]


def arrivals(patient):
    """The words of this stay's arrival; without a name, of the stay that began last."""
    if patient.episode != "none":
        return [f for f in came(patient) if f.encounter == patient.episode]
    stays = {}
    for fact in came(patient):
        stays.setdefault(fact.encounter, []).append(fact)
    if not stays:
        return []
    firsts = [said[0] for said in stays.values()]
    last = max(firsts, key=lambda f: (f.happened_at, f.event_id))
    others = [f for f in firsts if f is not last]
    sure = all(latest_of(other) <= last.happened_at for other in others)
    return stays[last.encounter] if sure else []


def arrival(patient):
    return next(iter(arrivals(patient)), None)


def is_filed(fact, patient):
    return patient.episode != "none" and fact.encounter == patient.episode


def may_belong(fact, patient):
    """Filed under this stay; or under none, and not before the patient came."""
    elsewhere = patient.episode != "none" and fact.encounter is not None
    if is_filed(fact, patient) or elsewhere:
        return is_filed(fact, patient)
    come = arrival(patient)
    return come is None or latest_of(fact) >= come.happened_at


def surely_belongs(fact, patient):
    """Where stays are on record, but not which is this one, nothing surely does."""
    if is_filed(fact, patient):
        return True
    come = arrival(patient)
    if come is None:
        return not patient.all("encounter")
    return fact.happened_at >= latest_of(come)
