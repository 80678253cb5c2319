"""Why nobody is to be called about a patient, asked of the store once an act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from registry.domain.alert import Alert, Hold
from registry.domain.co_enrolment import Claim, precedes
from registry.usecases.declared import excluding, terms_in_force
from registry.usecases.declined import declined, names_of
from registry.usecases.one_person import Merged, person_of
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.administration import CoEnrolment


class Holding:
    """Holds of the patients of one act; what it read stands until the act is over."""

    def __init__(
        self,
        uow: UnitOfWork,
        *,
        terms: dict[str, CoEnrolment] | None = None,
        people: dict[tuple[str, str], Merged] | None = None,
    ) -> None:
        """`terms` in force and `people` by site and patient, where they are known."""
        self._uow = uow
        self._people = {} if people is None else people
        self._declined: dict[tuple[str, str, str], Hold | None] = {}
        self._enrolled: dict[tuple[str, str], frozenset[str]] = {}
        self._terms = terms

    def names(self, site: str, patient: str) -> tuple[str, ...]:
        """All names of the person this patient is."""
        return names_of(self._person(site, patient))

    def excluding(self, trial: str) -> frozenset[str]:
        """The trials in which nobody of this one may take part."""
        return excluding(trial, self._in_force())

    def conflicts(self, site: str, patient: str, trial: str) -> tuple[str, ...]:
        """The trials in which this person takes part, and that leave no room here."""
        excluded = self.excluding(trial)
        if not excluded:
            return ()
        return tuple(sorted(excluded & self._takes_part(site, patient)))

    def hold(
        self,
        *,
        site: str,
        patient: str,
        trial: str,
        deadline: datetime,
        rivals: Iterable[Alert],
    ) -> Hold | None:
        """Why nobody is to be called about this patient for this trial now.

        `rivals` are the person's unclosed alerts of other trials.
        """
        key = (site, patient, trial)
        if key not in self._declined:
            person = self._person(site, patient)
            self._declined[key] = declined(person, site, trial, self._uow)
        if self._declined[key] is not None:
            return self._declined[key]
        if self.conflicts(site, patient, trial):
            return Hold.CO_ENROLLED
        mine = self._claim(trial, deadline)
        for rival in rivals:
            before = precedes(self._claim(rival.trial, rival.deadline), mine)
            if rival.trial in self.excluding(trial) and before and not rival.held_back:
                return Hold.OUTRANKED
        return None

    def outranks(self, trial: str, deadline: datetime, other: Alert) -> bool:
        """Whether this trial's call takes that alert's place."""
        mine = self._claim(trial, deadline)
        theirs = self._claim(other.trial, other.deadline)
        return other.trial in self.excluding(trial) and precedes(mine, theirs)

    def order(self, alert: Alert) -> tuple[float, datetime, str]:
        """Where the alert stands in the order of calling."""
        return self._claim(alert.trial, alert.deadline).order

    def _claim(self, trial: str, deadline: datetime) -> Claim:
        terms = self._in_force().get(trial, CoEnrolment())
        return Claim(trial=trial, terms=terms, deadline=deadline)

    def _in_force(self) -> dict[str, CoEnrolment]:
        if self._terms is None:
            self._terms = terms_in_force(self._uow)
        return self._terms

    def _person(self, site: str, patient: str) -> Merged:
        if (site, patient) not in self._people:
            self._people[site, patient] = person_of(site, patient, self._uow)
        return self._people[site, patient]

    def _takes_part(self, site: str, patient: str) -> frozenset[str]:
        if (site, patient) not in self._enrolled:
            mine = [p.participant for p in self._person(site, patient).participants]
            trials = self._uow.allocations.trials_of(mine) if mine else ()
            self._enrolled[site, patient] = frozenset(trials)
        return self._enrolled[site, patient]
