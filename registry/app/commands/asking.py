"""Who asks, and the registry as they may see it.

Roles count from the first grant on. Until then whoever can open the registry is its
owner and sees everything, but not in a live registry: there it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Annotated, Protocol

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import opened
from registry.app.commands.tables import listed
from registry.domain.mode import Mode
from registry.domain.role_matrix import MATRIX, may, places_of, sees_wherever
from registry.domain.roles import EVERYWHERE, Person, Sight, Surface, person_at
from registry.store.unit_of_work import Registry, UnitOfWork
from streams.vocabulary.errors import ErrorCode, Refused


AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="EMBER_ACTOR",
        metavar="WHO",
        help="Who asks, as roles are given to them.",
    ),
]


class Placed(Protocol):
    """A record of a trial at a site."""

    @property
    def site(self) -> str:
        """Where."""
        ...

    @property
    def trial(self) -> str:
        """Of which trial."""
        ...


def opened_as(
    url: str | None, who: str | None, surface: Surface, *, trial: str | None = None
) -> Registry:
    """The registry as this person sees it; all of it where no roles are given yet.

    What others may see is as if it were not there. Raises `Refused`: EMB-395 for a live
    registry without roles, EMB-396 where nobody is named, EMB-397 where no role of
    theirs has any part in the surface, EMB-351 where `trial` is asked for and nothing
    that they may see names it.
    """
    book = opened(url)
    try:
        seen = _seen_by(asking(book, who), book, surface)
        if trial is not None:
            _expect_heard_of(seen, trial)
    except Refused:
        book.close()
        raise
    return seen


def asking(book: Registry, who: str | None) -> Person | None:
    """Who asks, with their roles now; None for the owner of a registry without roles.

    Raises `Refused` EMB-395 and EMB-396 as `opened_as` tells.
    """
    with book.inspection() as uow:
        grants, given = uow.role_grants.latest(), uow.role_grants.entries()
        mode = uow.modes.current()
    if not given and mode is not Mode.LIVE:
        return None
    if not given:
        raise Refused(
            ErrorCode.NO_ROLES_GIVEN,
            "The registry is live, and nobody has been given a role.",
            "Give the first: `ember role grant`; see `deploy/docs/roles.md`.",
        )
    if not who:
        raise Refused(
            ErrorCode.NOBODY_NAMED,
            "Roles are given, and nobody says who asks.",
            "Name yourself: `--as`, `--actor` or EMBER_ACTOR.",
        )
    return person_at(who, grants, SystemClock().now())


def expect_there(book: Registry, surface: Surface, *, site: str, trial: str) -> None:
    """Raises `Refused` EMB-397 where the act or the place is not theirs."""
    person = book.person
    if person is not None and not may(person, surface, site=site, trial=trial):
        raise not_this_role(person, surface)


def expect_allowed(
    url: str | None, who: str, surface: Surface, *, trial: str, site: str = EVERYWHERE
) -> None:
    """Of an act that works on more than its actor may see.

    What is of a whole trial is done by who has the role at every site. Raises `Refused`
    as `opened_as` and `expect_there` do.
    """
    with closing(opened_as(url, who, surface)) as book:
        expect_there(book, surface, site=site, trial=trial)


def expect_with(
    book: Registry, surface: Surface, uow: UnitOfWork, *, participant: str
) -> None:
    """As `expect_of`, of where the participant is."""
    expect_of(book, surface, uow.participants.one(participant))


def expect_of(book: Registry, surface: Surface, found: Placed | None) -> None:
    """As `expect_there`, of a record; one there is none of (None) is of elsewhere.

    Who may act everywhere learns that there is none, from what they asked for.
    """
    site, trial = (found.site, found.trial) if found else (EVERYWHERE, EVERYWHERE)
    expect_there(book, surface, site=site, trial=trial)


def expect_at(book: Registry, surface: Surface, *, site: str) -> None:
    """As `expect_there`, for what belongs to a site and to no trial."""
    person = book.person
    if person is not None and not _sees_site(person, surface, site):
        raise not_this_role(person, surface)


def at_their_sites(
    book: Registry, surface: Surface, named: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Of sites and pseudonyms, those of sites where the surface is theirs."""
    person = book.person
    return tuple(
        one for one in named if person is None or _sees_site(person, surface, one[0])
    )


def expect_names_too(book: Registry, surface: Surface) -> None:
    """Raises `Refused` EMB-397 where they see rows of a place, but nobody's name."""
    person = book.person
    names = Surface.IDENTIFIERS
    if person is not None and not sees_wherever(person, names, other=surface):
        raise not_this_role(person, names)


def not_this_role(person: Person, surface: Surface) -> Refused:
    """What to say to whom; nothing of whether there would have been anything to see."""
    row = MATRIX[surface]
    whose = [role.value for role in row if row[role].sight is not Sight.NOTHING]
    what = surface.value.replace("_", " ")
    return Refused(
        ErrorCode.NOT_THIS_ROLE,
        f"No role that {person.name!r} has there reaches this ({what}).",
        f"It is for: {', '.join(whose)}.",
    )


def _seen_by(person: Person | None, book: Registry, surface: Surface) -> Registry:
    if person is None:
        return book
    if not places_of(person, surface):
        raise not_this_role(person, surface)
    return book.seen_by(person)


def _expect_heard_of(book: Registry, trial: str) -> None:
    """A misspelt name would be answered as a trial in which nothing has happened."""
    with book.reading() as views:
        others = views.trials_besides(trial)
    if others is not None:
        raise Refused(
            ErrorCode.UNKNOWN_PART,
            f"There is no trial {trial!r} here.",
            f"Trials there are: {listed(others)}.",
        )


def _sees_site(person: Person, surface: Surface, site: str) -> bool:
    """Whether anything of the surface is theirs at this site, in whatever trial."""
    places = places_of(person, surface)
    return any(place.site in (EVERYWHERE, site) for place in places)
