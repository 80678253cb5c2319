"""Cultures by their reports: what grew, what is still growing, what it answers to."""

from dataclasses import dataclass

from properties.reference.record import (
    DAY,
    INSTANT,
    by_absence,
    has_word,
    is_dated,
    told,
    unrecorded,
)
from properties.reference.windows import anchorless, in_words, window_of

from streams.clinical.course.specimens import site_of
from streams.clinical.definitions.ase.organisms import organism
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, all_of, any_of, truth


@dataclass
class Specimen:
    """What was taken, the reports that stand, and what they say."""

    taken: object
    grew: list
    """Positive reports that nothing later took back."""
    empty: list
    """Final reports of no growth."""

    @property
    def decides(self):
        return self.grew or self.empty

    @property
    def told_at(self):
        return min((r.happened_at for r in self.decides), default=None)

    @property
    def organisms(self):
        names = {r.organism for r in self.grew if r.organism}
        return sorted({" ".join(name.casefold().split()) for name in names})

    @property
    def evidence(self):
        return [self.taken.event_id, *(r.event_id for r in self.decides)]


def specimens(patient):
    first = {}
    for fact in patient.all("culture_collected"):
        first.setdefault(fact.culture_id, fact)
    for name, taken in first.items():
        reports = patient.all("culture_result", culture_id=name)
        grew = [r for r in reports if is_positive(r) and stands(r, reports)]
        empty = [r for r in reports if is_empty(r)]
        yield Specimen(taken, grew, empty)


def is_positive(report):
    """An organism is growth, unless the report says that there was none."""
    if report.positive is None:
        return report.organism is not None
    return report.positive


def is_empty(report):
    return report.positive is False and report.status != "preliminary"


def stands(report, reports):
    """Not once the same test's last word is no growth, nor early, once it is final."""
    same = [r for r in reports if r.test == report.test]
    finals = [r for r in same if r.status != "preliminary"]
    if is_empty(same[-1]) and same[-1] is not report:
        return False
    early = report.status == "preliminary"
    return not (early and finals and report.happened_at <= finals[-1].happened_at)


def culture(rule, patient):
    window, need = window_of(rule, patient), described(rule)
    if window is None:
        return anchorless(rule)
    looked = []
    for one in specimens(patient):
        if rule.clock == "collected":
            inside = window.holds(one.taken.happened_at, taken_by(one.taken))
        else:
            at = one.told_at
            inside = FALSE if at is None else window.holds(at, at)
        if inside is not FALSE and is_of_site(rule, one):
            looked.append((is_so(rule, one) & inside, inside, one))
    said = any_of(says for says, _, _ in looked)
    sure = any(inside is TRUE for _, inside, _ in looked)
    if not looked or (said is FALSE and not sure):
        return unrecorded(rule, need)
    deciding = [one for says, _, one in looked if says is said]
    awaited = [
        need if one.decides else f"result of the {one.taken.specimen.casefold()}"
        for one in deciding
    ]
    evidence = [event for one in deciding for event in one.evidence]
    return told(said, (*evidence, *window.evidence), *awaited)


def taken_by(taken):
    """Of a date alone at any time of that day, whenever the laboratory filed it."""
    end = taken.happened_at + DAY - INSTANT
    return end if is_dated(taken) else taken.happened_at


def described(rule):
    result = "" if rule.result == "any" else f"{rule.result} "
    of_site = f"{' or '.join(rule.specimens)} " if rule.specimens else ""
    of = f" of {' or '.join(rule.organisms)}" if rule.organisms else ""
    return f"{result}{of_site}culture{of}{in_words(rule)}"


def is_of_site(rule, one):
    """Fluid in a bottle for blood is no blood."""
    sent = one.taken.specimen
    of_blood = site_of(sent) == "blood"
    named = [of_blood if w == "blood" else has_word(sent, [w]) for w in rule.specimens]
    return not named or any(named)


def is_so(rule, one):
    if rule.result == "any":
        return TRUE
    if rule.result == "pending":
        return truth(not one.decides)
    if not one.decides:
        return UNKNOWN
    return grew(rule, one) if rule.result == "positive" else ~grew(rule, one)


def grew(rule, one):
    """Whether something grew that counts and is asked for, and as many as asked."""
    if not one.grew:
        return FALSE
    if not one.organisms:
        choosy = rule.organisms or rule.not_organisms
        unnamed = UNKNOWN if choosy or rule.contaminants == "ignore" else TRUE
        return all_of((unnamed, as_many(rule, [unnamed])))
    counted = [counts(rule, name) for name in one.organisms]
    wanted = [
        counting & is_named(rule.organisms, name)
        for counting, name in zip(counted, one.organisms, strict=True)
    ]
    return all_of((any_of(wanted), as_many(rule, counted)))


def counts(rule, name):
    """Not what is ruled out, nor (asked so) what lives on the skin; a stain may be."""
    ignores = rule.contaminants == "ignore"
    if has_word(name, rule.not_organisms):
        return FALSE
    if ignores and (organism(name) == "commensal" or "contaminat" in name):
        return FALSE
    chosen = rule.not_organisms or ignores
    return UNKNOWN if chosen and organism(name) == "unidentified" else TRUE


def is_named(words, name):
    if not words or has_word(name, words):
        return TRUE
    return UNKNOWN if organism(name) == "unidentified" else FALSE


def as_many(rule, counted):
    """More than one, or no more than one."""
    if rule.polymicrobial is None:
        return TRUE
    if counted.count(TRUE) > 1:
        several = TRUE
    else:
        hoped = [one for one in counted if one is not FALSE]
        several = UNKNOWN if len(hoped) > 1 else FALSE
    return several if rule.polymicrobial else ~several


def susceptibility(rule, patient):
    """The last word about each organism of each culture."""
    window, need = window_of(rule, patient), f"{rule.antimicrobial} tested"
    need += in_words(rule)
    if window is None:
        return anchorless(rule)
    last, sure = {}, False
    for report in patient.all("culture_result"):
        counts_here = window.has(report) & is_named(
            rule.organisms, report.organism or ""
        )
        for tested in report.susceptibilities:
            named = has_word(tested.antimicrobial, (rule.antimicrobial,))
            if counts_here is FALSE or not named:
                continue
            answer = (tested.interpretation or "").strip().upper()[:1]
            says = truth(answer in rule.any_of) if answer else UNKNOWN
            last[report.culture_id, report.organism] = says & counts_here, report
            sure = sure or counts_here is TRUE
    if not last:
        return unrecorded(rule, need)
    said = any_of(says for says, _ in last.values())
    if not sure and not (said is FALSE and by_absence(rule) is FALSE):
        said = UNKNOWN
    evidence = [report.event_id for _, report in last.values()]
    return told(said, (*evidence, *window.evidence), need)
