"""Why nobody is to be called about a patient, asked of the store once an act."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from registry.domain.alert import Alert, AlertStatus, Hold
from registry.domain.co_enrolment import Claim, precedes
from registry.domain.participant import OptOut
from registry.domain.pause import Place
from registry.usecases.declared import excluding, terms_in_force
from registry.usecases.declined import declined, names_of
from registry.usecases.one_person import Merged, people_of, person_of, takes_part_as
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.administration import CoEnrolment


class Holding:
    """Holds of the patients of one act; what it read stands until the act is over."""

    def __init__(
        self,
        uow: UnitOfWork,
        *,
        terms: dict[str, CoEnrolment] | None = None,
        unmerged: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        """`terms` in force, and who has no other name, where it is known.

        `unmerged` are sites and patients.
        """
        self._uow = uow
        self._unmerged = unmerged
        self._people: dict[tuple[str, str], Merged] = {}
        self._opt_outs: dict[tuple[str, str], list[OptOut]] = {}
        self._declined: dict[tuple[str, str, str], Hold | None] = {}
        self._drawn: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
        self._paused: dict[str, frozenset[Place]] = {}
        self._lit: dict[tuple[str, str], bool] = {}
        self._terms = terms

    def foresee(self, site: str, patients: Collection[str]) -> None:
        """Read at once who these are and what they opted out of.

        A batch asks this of hundreds, one by one it would take as many questions.
        """
        for person in people_of(site, patients, self._uow).values():
            self._remember(site, person)
        names = {n for p in patients for n in self.names(site, p)}
        self._opt_outs |= {(site, name): [] for name in names}
        for one in self._uow.opt_outs.latest(site=site, patients=names):
            self._opt_outs[site, one.patient].append(one)

    def names(self, site: str, patient: str) -> tuple[str, ...]:
        """All names of the person this patient is."""
        if (site, patient) in self._unmerged:
            return (patient,)
        return names_of(self._person(site, patient))

    def survives(self, site: str, patient: str) -> bool:
        """Whether this name was merged into no other."""
        return self._person(site, patient).survivor == patient

    def excluding(self, trial: str) -> frozenset[str]:
        """The trials in which nobody of this one may take part."""
        return excluding(trial, self._in_force())

    def conflicts(self, site: str, patient: str, trial: str) -> tuple[str, ...]:
        """The trials in which this person takes part, and that leave no room here."""
        excluded = self.excluding(trial)
        if not excluded:
            return ()
        drawn_in = {drawn for drawn, _ in self._drawn_in(site, patient)}
        return tuple(sorted(excluded & drawn_in))

    def refused(self, site: str, patient: str, trial: str, domain: str) -> Hold | None:
        """Why the gate would refuse this patient for this domain, whatever is said."""
        if not self.survives(site, patient):
            return Hold.RETIRED
        if (no := self._said_no(site, patient, trial)) is not None:
            return no
        if (trial, domain) in self._drawn_in(site, patient):
            return Hold.DRAWN
        if takes_part_as(self._person(site, patient), patient, trial):
            return Hold.TAKES_PART
        if self.conflicts(site, patient, trial):
            return Hold.CO_ENROLLED
        return self._stopped(site, trial, domain)

    def outranked(
        self, trial: str, deadline: datetime, rivals: Iterable[Alert]
    ) -> bool:
        """Whether one of these alerts of other trials calls first."""
        mine, excluded = self._claim(trial, deadline), self.excluding(trial)
        return any(
            rival.held_back is None
            and rival.trial in excluded
            and precedes(self._claim(rival.trial, rival.deadline), mine)
            for rival in rivals
        )

    def outranks(self, trial: str, deadline: datetime, other: Alert) -> bool:
        """Whether this trial's call takes that alert's place."""
        mine = self._claim(trial, deadline)
        theirs = self._claim(other.trial, other.deadline)
        return other.trial in self.excluding(trial) and precedes(mine, theirs)

    def order(self, alert: Alert) -> tuple[object, ...]:
        """Where the alert stands in the order of calling: of trials, then of stays."""
        return (*self._claim(alert.trial, alert.deadline).order, *self.turn(alert))

    def turn(self, alert: Alert) -> tuple[bool, bool, datetime, str]:
        """Which of several alerts of one person and question goes on calling.

        One that calls, before the others; the name that survives; the one of before.
        """
        return (
            alert.status is not AlertStatus.OPEN,
            not self.survives(alert.site, alert.patient),
            alert.raised_at,
            alert.alert_id,
        )

    def _claim(self, trial: str, deadline: datetime) -> Claim:
        terms = self._in_force().get(trial, CoEnrolment())
        return Claim(trial=trial, terms=terms, deadline=deadline)

    def _in_force(self) -> dict[str, CoEnrolment]:
        if self._terms is None:
            self._terms = terms_in_force(self._uow)
        return self._terms

    def _stopped(self, site: str, trial: str, domain: str) -> Hold | None:
        """Why nobody at all is randomised there now."""
        if trial not in self._paused:
            self._paused[trial] = self._uow.pauses.standing(trial)
        if self._paused[trial] & {Place(site=site), Place(domain=domain)}:
            return Hold.PAUSED
        if (trial, site) not in self._lit:
            light = self._uow.green_lights.latest(trial=trial, site=site)
            self._lit[trial, site] = light is not None and light.given
        return None if self._lit[trial, site] else Hold.NO_GREEN_LIGHT

    def _person(self, site: str, patient: str) -> Merged:
        """One person for all its names, though only one of their logs tells of it yet."""
        if (site, patient) not in self._people:
            self._remember(site, person_of(site, patient, self._uow))
        return self._people[site, patient]

    def _remember(self, site: str, person: Merged) -> None:
        for name in names_of(person):
            self._people[site, name] = person

    def _said_no(self, site: str, patient: str, trial: str) -> Hold | None:
        key = (site, patient, trial)
        if key not in self._declined:
            person = self._person(site, patient)
            foreseen = [self._opt_outs.get((site, n)) for n in names_of(person)]
            read = [one for mine in foreseen if mine is not None for one in mine]
            self._declined[key] = declined(
                person,
                site,
                trial,
                self._uow,
                opt_outs=None if None in foreseen else read,
            )
        return self._declined[key]

    def _drawn_in(self, site: str, patient: str) -> frozenset[tuple[str, str]]:
        """Trial and domain of each randomisation of this person."""
        if (site, patient) not in self._drawn:
            mine = [p.participant for p in self._person(site, patient).participants]
            drawn = self._uow.allocations.domains_of(mine) if mine else ()
            self._drawn[site, patient] = frozenset(drawn)
        return self._drawn[site, patient]
