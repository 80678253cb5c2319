"""Strata that trials make of several markers, in the order in which they claim.

A stratum holds where all it asks for holds and none before it does.
What could still be one of several strata is unknown, and names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.markers.evaluation import MarkerResult, evaluate
from streams.clinical.markers.policy import CHOICES, DEFAULT, MarkerPolicy
from streams.clinical.markers.table import marker
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.truth import FALSE, TRUE, Truth3, all_of


@dataclass(frozen=True, slots=True)
class Wants:
    """One marker of a stratum: positive, or not."""

    marker: str
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum and all that it asks for."""

    label: str
    wants: tuple[Wants, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """The strata of one trial, the first claim first."""

    name: str
    strata: tuple[Stratum, ...]
    rest: str
    """Who is in none of them."""
    source: str
    grade: Grade

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers it needs, each once."""
        wanted = (want.marker for one in self.strata for want in one.wants)
        return tuple(dict.fromkeys(wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """One patient's stratum at one moment."""

    scheme: str
    at: datetime
    label: str | None
    """None where the markers leave more than one open."""
    possible: tuple[str, ...]
    """The strata that the markers allow."""
    results: tuple[MarkerResult, ...]
    stale_from: datetime | None
    """When the first of the specimens that decided becomes too old."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """The results that were read."""
        return tuple(dict.fromkeys(e for r in self.results for e in r.evidence))

    @property
    def missing(self) -> tuple[str, ...]:
        """The markers that do not tell."""
        untold = (r for r in self.results if r.truth not in (TRUE, FALSE))
        return tuple(r.marker for r in untold)


IMMUNOSEP = Scheme(
    name="immunosep",
    strata=(
        Stratum("mals", (Wants("mals"),)),
        Stratum(
            "immunoparalysis",
            (Wants("mals", positive=False), Wants("immunoparalysis_molecules")),
        ),
    ),
    rest="intermediate",
    source="ImmunoSep, JAMA 2025, doi 10.1001/jama.2025.24175; NCT04990232: who has "
    "both is treated as MALS",
    grade=Grade.VERIFIED,
)

PROVIDE = Scheme(
    name="provide",
    strata=(
        Stratum("mals", (Wants("mals"),)),
        Stratum("immunoparalysis", (Wants("immunoparalysis_percent"),)),
    ),
    rest="intermediate",
    source="NCT03332225 (registry mirror)",
    grade=Grade.PARTIAL,
)

GRACE2 = Scheme(
    name="grace2",
    strata=(
        Stratum("hyper_inflammation", (Wants("ferritin_paediatric_high"),)),
        Stratum(
            "immunoparalysis",
            (Wants("tnf_capacity_low"), Wants("ferritin_paediatric_low")),
        ),
    ),
    rest="neither",
    source="NCT05266001 (GRACE-2) and its companion TRIPS",
    grade=Grade.PARTIAL,
)

HBD_DIC = Scheme(
    name="hbd_dic",
    strata=(Stratum("mas_features", (Wants("mas_bilirubin"), Wants("mas_platelets"))),),
    rest="none",
    source="Shakoory B et al., Crit Care Med 2016; the two cut-offs are the usual "
    "operational rule, from memory",
    grade=Grade.UNVERIFIED,
)

SCHEMES = {scheme.name: scheme for scheme in (IMMUNOSEP, PROVIDE, GRACE2, HBD_DIC)}


def enrich(
    scheme: Scheme, timeline: Timeline, at: datetime, policy: MarkerPolicy = DEFAULT
) -> Enrichment:
    """The stratum at `at`, of the results that had come by then."""
    results = {
        name: evaluate(marker(name), timeline, at, policy) for name in scheme.markers
    }
    possible = _possible(scheme, results)
    used = tuple(results.values())
    return Enrichment(
        scheme=scheme.name,
        at=at,
        label=possible[0] if len(possible) == 1 else None,
        possible=possible,
        results=used,
        stale_from=_stale_from(used),
    )


def _possible(scheme: Scheme, results: dict[str, MarkerResult]) -> tuple[str, ...]:
    """The strata that are not ruled out, up to the first that surely holds."""
    left: list[str] = []
    for stratum in scheme.strata:
        claim = all_of(_meets(want, results[want.marker]) for want in stratum.wants)
        if claim is not FALSE:
            left.append(stratum.label)
        if claim is TRUE:
            return tuple(left)
    return (*left, scheme.rest)


def _meets(want: Wants, result: MarkerResult) -> Truth3:
    return result.truth if want.positive else ~result.truth


def _stale_from(results: Sequence[MarkerResult]) -> datetime | None:
    told = (r.stale_from for r in results if r.truth in (TRUE, FALSE))
    return min((at for at in told if at is not None), default=None)


def specification(scheme: Scheme) -> Specification:
    """What the manual says of one scheme."""
    return Specification(
        name=scheme.name,
        title=f"Strata of {scheme.name}",
        version="1",
        grade=scheme.grade,
        grade_reason=f"Read in: {scheme.source}.",
        rule=_in_words(scheme),
        sources=(scheme.source,),
        inputs=(*_lanes(scheme.markers), "demographics"),
        choices=CHOICES,
        traps=("A marker that is stale or was never measured leaves strata open.",),
    )


def _in_words(scheme: Scheme) -> str:
    rules = [
        f"{one.label}: "
        + " and ".join(
            f"{marker(w.marker).concept} {'' if w.positive else 'not '}"
            f"{marker(w.marker).cut_off}"
            for w in one.wants
        )
        for one in scheme.strata
    ]
    return "\n\n".join([*rules, f"{scheme.rest}: none of these"])


def _lanes(names: Iterable[str]) -> list[str]:
    concepts = dict.fromkeys(marker(name).concept for name in names)
    return [f"{kind}:{c}" for c in concepts for kind in ("measurement", "biomarker")]
