"""Whom an act of the team is about: the screening a few words name, or why none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from registry.store.listings import ScreeningView
from registry.store.unit_of_work import Registry
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What was said of it; what was not said must follow from the rest."""

    patient: str
    """The pseudonym, or site/pseudonym."""
    site: str | None = None
    trial: str | None = None
    domain: str | None = None
    episode: str | None = None


def screening_of(book: Registry, named: Named, *, at: datetime) -> ScreeningView:
    """The one screening that is meant.

    Where several fit, the one whose window is open. Raises `InputError` EMB-320 where
    there is none, `SettingsError` EMB-402 where several are left: nobody guesses.
    """
    return _the_one(_found(book, named, at), lambda v: (v.trial, v.domain, v.episode))


def stay_of(book: Registry, named: Named, *, at: datetime) -> ScreeningView:
    """As `screening_of`, any of the domains of the one trial and stay that are meant."""
    return _the_one(_found(book, named, at), lambda v: (v.trial, v.episode))


def sites_of(book: Registry, patient: str) -> tuple[str, ...]:
    """The sites that have told anything of this pseudonym."""
    with book.reading() as views:
        screened = {one.site for one in views.screenings(patient=patient)}
        flagged = {one.site for one in views.onsets(patient=patient)}
    return tuple(sorted(screened | flagged))


def _found(book: Registry, named: Named, at: datetime) -> tuple[ScreeningView, ...]:
    with book.reading() as views:
        told = views.screenings(named.site, named.patient, named.trial, at=at)
        site, slash, patient = named.patient.partition("/")
        if not told and slash and named.site in (None, site):
            told = views.screenings(site, patient, named.trial, at=at)
    found = tuple(
        one
        for one in told
        if named.domain in (None, one.domain) and named.episode in (None, one.episode)
    )
    if not found:
        raise InputError(
            ErrorCode.UNKNOWN_SCREENING,
            f"No screening of {_in_words(named)} is on record.",
            "See `ember query screenings`.",
        )
    return found


def _the_one(
    found: Iterable[ScreeningView], which: Callable[[ScreeningView], tuple[str, ...]]
) -> ScreeningView:
    by_name = {(one.site, *which(one)): one for one in found}
    still_open = {n: one for n, one in by_name.items() if one.window_open}
    left = by_name if len(by_name) == 1 else still_open or by_name
    if len(left) > 1:
        told = "; ".join(" / ".join(name) for name in sorted(left))
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"Several screenings are meant: {told}.",
            "Name --site, --trial, --domain and --episode, as far as they differ.",
        )
    return next(iter(left.values()))


def _in_words(named: Named) -> str:
    told = (named.site, named.trial, named.domain, named.episode)
    rest = ", ".join(one for one in told if one is not None)
    return f"{named.patient!r} ({rest})" if rest else repr(named.patient)
