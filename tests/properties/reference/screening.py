"""A screen step as simple as it can be written: lists, no index, nothing remembered.

It judges every rule of every domain at every look, by the reference evaluator, and
finds entries by going through all facts.  It is slow, and there to be read.
"""

from dataclasses import dataclass, field
from datetime import datetime

from properties.reference.evaluator import evaluate
from properties.reference.record import Patient, standing

from streams.clinical.definitions.ase.organisms import COMMENSALS
from streams.vocabulary.drugs import drugs
from streams.vocabulary.messages import RosterEntry, SepsisOnset


@dataclass
class Said:
    """What stands of one screening."""

    entry: str
    entry_at: datetime
    known_at: datetime
    anchor_at: datetime
    deadline: datetime
    stands: bool
    window_open: bool
    flag: SepsisOnset | None
    platform: str = ""
    domain: str = ""
    interventions: dict = field(default_factory=dict)
    criteria: list = field(default_factory=list)
    """Of each: id, truth, evidence, what it would need."""
    stratum: list = field(default_factory=list)


class Reference:
    """One patient, looked at from scratch each time."""

    def __init__(self, protocols):
        self.protocols = protocols
        self.events, self.flags, self.roster, self.said = [], {}, {}, {}

    def hear(self, happening):
        if isinstance(happening, SepsisOnset):
            self.flags[happening.flag_id] = happening
        elif isinstance(happening, RosterEntry):
            self.roster[happening.message_id] = happening
        else:
            self.events.append(happening)

    def look(self, now):
        """Bring what stands up to date."""
        facts = standing(self.events, now)
        for protocol in self.protocols:
            for domain in protocol.domains:
                self._look_at(protocol, domain, facts, now)

    def _look_at(self, protocol, domain, facts, now):
        recruitment = domain.recruitment
        found = list(self._entries(recruitment.entry, facts))
        stays = {stay for _, _, stay, _ in found}
        known = {stay for trial, stay in self.said if trial == protocol.id}
        for stay in stays | known:
            name = protocol.id, stay
            before = self.said.get(name)
            enrolled = [
                e
                for e in self.roster.values()
                if (e.trial, e.domain, e.episode) == (protocol.id, domain.id, stay)
            ]
            own = sorted((e for e in found if e[2] == stay), key=lambda e: (e[0], e[1]))
            if enrolled:
                continue
            said = self._clocks(recruitment, own, stay, before, now)
            if said is None or (before and self._is_over(before, said)):
                continue
            self._judge(protocol, domain, said, stay, facts, now)
            self.said[name] = said

    @staticmethod
    def _is_over(before, said):
        if not said.stands:
            return not before.stands
        closed = not before.window_open and not said.window_open
        return closed and before.stands and before.anchor_at == said.anchor_at

    def _clocks(self, recruitment, own, stay, before, now):
        """When it was opened, known, anchored; None where nothing can be said yet."""
        if own:
            entry_at, known_at, _, flag = own[0]
            if before and before.stands:
                known_at = before.known_at
        elif before:
            entry_at, known_at, flag = before.entry_at, before.known_at, before.flag
            flag = flag and self.flags[flag.flag_id]
        else:
            return None
        onset = flag or self._sepsis3(stay)
        of_onset = recruitment.anchor.startswith("onset")
        if of_onset and onset is not None and (flag or onset.status != "withdrawn"):
            known = known_at if flag else onset.known_at
            clocks = {"happened_at": onset.happened_at, "known_at": known}
        elif of_onset:
            clocks = {}
        else:
            clocks = {"happened_at": entry_at, "known_at": known_at}
        anchor = clocks.get(recruitment.anchor.split(".")[1])
        stands = bool(own) and anchor is not None
        if not stands:
            if before is None:
                return None
            anchor = before.anchor_at
        deadline = anchor + recruitment.window
        return Said(
            recruitment.entry.kind,
            entry_at,
            known_at,
            anchor,
            deadline,
            stands,
            now <= deadline,
            flag,
        )

    def _sepsis3(self, stay):
        told = [
            f
            for f in self.flags.values()
            if f.definition == "sepsis3" and f.episode == stay
        ]
        told.sort(key=lambda f: (f.status == "withdrawn", f.happened_at))
        return told[0] if told else None

    # -- entries -----------------------------------------------------------------------

    def _entries(self, entry, facts):
        """When it happened, when it was known, in which stay, by which flag."""
        if entry.kind == "first_of":
            for one in entry.of:
                yield from self._entries(one, facts)
        elif entry.kind == "all_of":
            yield from self._together(entry, facts)
        elif entry.kind == "onset":
            yield from self._flagged(entry)
        elif entry.kind == "culture":
            yield from self._cultures(entry, facts)
        else:
            for fact in facts:
                if OPENS[entry.kind](entry, fact, facts):
                    stay = fact.encounter or "none"
                    yield fact.happened_at, fact.known_at, stay, None

    def _flagged(self, entry):
        for flag in self.flags.values():
            named = (flag.definition, flag.policy)
            wanted = named == (entry.definition, entry.policy)
            if wanted and flag.status != "withdrawn":
                yield flag.happened_at, flag.known_at, flag.episode, flag

    def _together(self, entry, facts):
        sorts = [list(self._entries(one, facts)) for one in entry.of]
        for last in (one for sort in sorts for one in sort):
            near = [
                [
                    one
                    for one in sort
                    if one[2] == last[2] and last[0] - entry.within <= one[0] <= last[0]
                ]
                for sort in sorts
            ]
            if all(near):
                chosen = [max(some, key=lambda one: one[:2]) for some in near]
                flags = [one[3] for one in chosen if one[3] is not None]
                known = max(one[1] for one in chosen)
                yield last[0], known, last[2], flags[0] if flags else None

    @staticmethod
    def _cultures(entry, facts):
        specimens = [f for f in facts if f.kind == "culture_collected"]
        for report in (f for f in facts if f.kind == "culture_result"):
            name = (report.organism or "").lower()
            named = not entry.organisms or any(w in name for w in entry.organisms)
            skin = any(word in name for word in COMMENSALS)
            if not report.positive or not named:
                continue
            if entry.contaminants == "ignore" and skin:
                continue
            own = [s for s in specimens if s.culture_id == report.culture_id]
            first = min(own, key=lambda s: (s.happened_at, s.event_id), default=report)
            stay = first.encounter or report.encounter or "none"
            known = max(first.known_at, report.known_at)
            yield first.happened_at, known, stay, None

    # -- criteria ----------------------------------------------------------------------

    def _judge(self, protocol, domain, said, stay, facts, now):
        onset = said.flag or self._sepsis3(stay)
        anchors = {"entry.happened_at": said.entry_at, "entry.known_at": said.known_at}
        if onset is not None and (said.flag or onset.status != "withdrawn"):
            known = said.known_at if said.flag else onset.known_at
            anchors["onset.happened_at"] = onset.happened_at
            anchors["onset.known_at"] = known
        patient = Patient(
            now,
            facts,
            episode=stay,
            onset=onset,
            anchors=anchors,
            flags=tuple(self.flags.values()),
            roster=tuple(self.roster.values()),
        )
        levels = {"platform": self._told(protocol, patient, said)}
        levels["domain"] = self._told(domain, patient, said)
        arms = {arm.id: self._told(arm, patient, said) for arm in domain.arms}
        for factor in domain.strata:
            truth = evaluate(factor.rule, patient).truth.value
            level = {"TRUE": factor.if_true, "FALSE": factor.if_false}
            said.stratum.append((factor.id, level.get(truth, "UNKNOWN")))
        shut = not (said.window_open and said.stands)
        base = ["ineligible"] if shut else levels["platform"] + levels["domain"]
        said.platform = worst(levels["platform"])
        said.interventions = {a: worst(base + told) for a, told in arms.items()}
        left = [worst(told) for told in arms.values() if "ineligible" not in told]
        pending = [level == "UNKNOWN" for _, level in said.stratum]
        said.domain = worst(
            base
            + left
            + (["ineligible"] if len(left) < 2 else [])
            + (["needs_data"] if any(pending) else [])
        )

    @staticmethod
    def _told(of, patient, said):
        """The status that each criterion amounts to by itself."""
        told = []
        for role, criteria in (("in", of.inclusion), ("ex", of.exclusion)):
            for one in criteria:
                found = evaluate(one.rule, patient)
                truth = found.truth.value
                said.criteria.append((one.id, truth, found.evidence, found.would_need))
                if truth == "UNKNOWN":
                    asked = bool(found.would_need) and all(
                        need.startswith("confirm:") for need in found.would_need
                    )
                    told.append("needs_human" if asked else "needs_data")
                else:
                    good = truth == ("TRUE" if role == "in" else "FALSE")
                    told.append("eligible" if good else "ineligible")
        return told


def worst(told):
    for status in ("ineligible", "needs_data", "needs_human"):
        if status in told:
            return status
    return "eligible"


def _admitted(_entry, fact, facts):
    if fact.kind != "encounter" or fact.phase != "admitted":
        return False
    life = [f for f in facts if f.kind == "encounter" and f.encounter == fact.encounter]
    last = max(life, key=lambda f: (f.happened_at, f.event_id))
    return last.phase != "cancelled" and last.encounter_class != "outpatient"


def _runs(entry, fact, _facts):
    if fact.kind != "infusion" or fact.phase == "stopped" or fact.rate == 0:
        return False
    named = {d.name for d in drugs().values() if d.drug_class in entry.drugs}
    return fact.drug in named | set(entry.drugs)


OPENS = {
    "admission": _admitted,
    "unit": lambda entry, fact, _: (
        fact.kind == "location"
        and fact.phase == "entered"
        and fact.level in entry.any_of
    ),
    "infusion": _runs,
    "respiratory_support": lambda entry, fact, _: (
        fact.kind == "respiratory_support"
        and fact.phase != "stopped"
        and fact.category in entry.any_of
    ),
    "medication": lambda entry, fact, _: (
        fact.kind == "medication"
        and fact.stage in entry.stages
        and any(word in fact.sent_drug for word in entry.named)
    ),
}
