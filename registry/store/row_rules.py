"""Which rows of each table a person sees: one rule a table, for both databases.

On PostgreSQL a rule is the policy of row-level security on its table; on SQLite it is
a view of that name which stands before the table while somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from registry.domain.role_matrix import roles_that_see
from registry.domain.roles import EVERYWHERE, Surface


Dialect = Literal["postgresql", "sqlite"]

SCOPE = "seen_scope"
"""On SQLite: by surface, the places of who reads."""
READER_NAME = "seen_reader"
"""On SQLite: who reads."""
UNTOLD = "seen_untold"
"""On SQLite: outcomes that tell what was given, and whether nobody is told them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """Whose rows they are, and where they belong.

    A table without a trial is seen by site, one without a site by trial.
    """

    surface: Surface
    site: str | None = "site"
    """Column; None where the table has none."""
    trial: str | None = "trial"
    """Column; None where the table has none."""
    empty_is_any: bool = False
    """Whether an empty site or trial means any, and not the whole registry."""
    owner: tuple[str, str] | None = None
    """Table and key of whom the row belongs to, where that tells site and trial."""
    own: str | None = None
    """Column that names a person, who sees their own rows whatever their roles."""
    of_outcomes: bool = False
    """Whether what tells of treatment is left out where it would tell an arm."""


_PARTICIPANT = ("participant", "participant")

RULES: Mapping[str, RowRule | None] = MappingProxyType(
    {
        "onset_revision": RowRule(surface=Surface.FLAGS, trial=None),
        "screening_revision": RowRule(surface=Surface.SCREENINGS),
        "screening_state": RowRule(surface=Surface.SCREENINGS),
        "outcome_revision": RowRule(surface=Surface.OUTCOMES, of_outcomes=True),
        "judged_outcome": RowRule(surface=Surface.OUTCOMES, of_outcomes=True),
        "participant": RowRule(surface=Surface.PARTICIPANTS),
        "consent_revision": RowRule(surface=Surface.CONSENTS, owner=_PARTICIPANT),
        "opt_out": RowRule(surface=Surface.CONSENTS, empty_is_any=True),
        "human_answer": RowRule(
            surface=Surface.ANSWERS, owner=("screening_revision", "screening_id")
        ),
        "eligibility_signature": RowRule(surface=Surface.ANSWERS),
        "deviation": RowRule(surface=Surface.DEVIATIONS),
        "green_light": RowRule(surface=Surface.PEOPLE),
        "delegation": RowRule(surface=Surface.PEOPLE),
        "role_grant": RowRule(surface=Surface.PEOPLE, own="person"),
        "record_signature": RowRule(surface=Surface.SIGNATURES),
        "redaction": RowRule(surface=Surface.SIGNATURES),
        "randomisation_request": RowRule(
            surface=Surface.PARTICIPANTS, owner=_PARTICIPANT
        ),
        "randomisation": RowRule(surface=Surface.PARTICIPANTS),
        "domain_answer": RowRule(surface=Surface.OPEN_ARMS),
        "arm_reveal": RowRule(surface=Surface.PARTICIPANTS),
        "unblinding": RowRule(surface=Surface.PARTICIPANTS),
        "misrandomisation": RowRule(surface=Surface.PARTICIPANTS),
        "misrandomisation_received": RowRule(
            surface=Surface.OPEN_ARMS, owner=("misrandomisation", "misrandomisation_id")
        ),
        "rehearsal": RowRule(surface=Surface.PARTICIPANTS),
        "sealed_list": RowRule(surface=Surface.PARTICIPANTS),
        "sealed_opening": RowRule(surface=Surface.PARTICIPANTS),
        "kit_list": RowRule(surface=Surface.KITS, site=None),
        "kit": RowRule(surface=Surface.KITS, owner=("kit_stock", "kit")),
        "kit_stock": RowRule(surface=Surface.KITS),
        "kit_event": RowRule(surface=Surface.KITS),
        "allocation_exclusion": RowRule(surface=Surface.PARTICIPANTS),
        "allocation_vector": RowRule(surface=Surface.VECTORS, site=None),
        "mode_revision": RowRule(surface=Surface.PROTOCOLS, site=None, trial=None),
        "protocol_version": RowRule(surface=Surface.PROTOCOLS, site=None),
        "trial_domain": RowRule(surface=Surface.PROTOCOLS, site=None),
        "recruitment_pause": RowRule(surface=Surface.PROTOCOLS, empty_is_any=True),
        "feed": RowRule(surface=Surface.PROTOCOLS, trial=None),
        "alert": RowRule(surface=Surface.ALERTS),
        "alert_event": RowRule(surface=Surface.ALERTS, owner=("alert", "alert_id")),
        "clinical_event": RowRule(surface=Surface.RECORD, trial=None),
        "audit_event": RowRule(surface=Surface.AUDIT),
        "audit_head": RowRule(surface=Surface.AUDIT),
        "allocator": None,
        "dead_letter": None,
        "inbox": None,
        "outbox": None,
        "patient_state": None,
        "replay_run": None,
        "stream_cursor": None,
    }
)
"""By table; None: for processes alone."""


def condition(table: str, rule: RowRule, dialect: Dialect) -> str:
    """The SQL that holds of the rows a person sees, over the columns of the table."""
    place = _held(rule, dialect, of=table)
    if rule.owner is not None:
        owner, key = rule.owner
        place = (
            f"EXISTS (SELECT 1 FROM {_main(dialect)}.{owner} AS whole "
            f"WHERE whole.{key} = {table}.{key} AND {_held(rule, dialect, of='whole')})"
        )
    if rule.own is not None:
        place = f"({place} OR {table}.{rule.own} = {_reader(dialect)})"
    if rule.of_outcomes:
        place = f"{place} AND {_told(table, dialect)}"
    return place


def arms_condition(surface: Surface, dialect: Dialect) -> str:
    """The SQL that holds of what has a site and trial, as `drawn`, where arms are seen."""
    return _held(RowRule(surface=surface), dialect, of="drawn")


def _held(rule: RowRule, dialect: Dialect, *, of: str) -> str:
    """Somebody has a role there that sees the surface.

    Each way is a set that is made once a statement, not a look at each row.
    """
    site, trial = (
        None if name is None else f"{of}.{name}" for name in (rule.site, rule.trial)
    )
    ways = list(_ways(rule.surface, dialect, site, trial))
    if rule.empty_is_any:
        by_trial = _either(_ways(rule.surface, dialect, None, trial))
        by_site = _either(_ways(rule.surface, dialect, site, None))
        ways += [f"({site} = '' AND {by_trial})", f"({trial} = '' AND {by_site})"]
    return _either(ways)


def _ways(
    surface: Surface, dialect: Dialect, site: str | None, trial: str | None
) -> Iterator[str]:
    """By a role everywhere, at the site, in the trial, or at this very place."""
    columns = [
        (held, column)
        for held, column in (("held.site", site), ("held.trial", trial))
        if column is not None
    ]
    every = [f"{held} = '{EVERYWHERE}'" for held, _ in columns]
    yield f"EXISTS (SELECT 1 {_scope(surface, dialect, *every)})"
    for (held, column), others in zip(columns, reversed(every), strict=True):
        where = [others] if len(columns) > 1 else []
        yield f"{column} IN (SELECT {held} {_scope(surface, dialect, *where)})"
    if len(columns) > 1:
        told = _scope(surface, dialect)
        yield f"({site}, {trial}) IN (SELECT held.site, held.trial {told})"


def _either(ways: Iterable[str]) -> str:
    return f"({' OR '.join(ways)})"


def _scope(surface: Surface, dialect: Dialect, *where: str) -> str:
    """From where the reader's places are read."""
    told = list(where)
    if dialect == "sqlite":
        source = f"temp.{SCOPE}"
        told.insert(0, f"held.surface = '{surface.value}'")
    else:
        roles = ", ".join(f"'{role.value}'" for role in roles_that_see(surface))
        source = f"public.ember_scope(ARRAY[{roles}]::text[])"
    only = f" WHERE {' AND '.join(told)}" if told else ""
    return f"FROM {source} AS held{only}"


def _told(table: str, dialect: Dialect) -> str:
    """The outcome does not tell what was given, or to who may know it."""
    shown = RowRule(surface=Surface.RECEIVED)
    if table == "judged_outcome":
        name = (
            f"(SELECT whole.outcome FROM {_main(dialect)}.outcome_revision AS whole "
            f"WHERE whole.outcome_id = {table}.outcome_id LIMIT 1)"
        )
    else:
        name = f"{table}.outcome"
    untold = f"temp.{UNTOLD}" if dialect == "sqlite" else "public.ember_untold()"
    return (
        f"NOT EXISTS (SELECT 1 FROM {untold} AS untold "
        f"WHERE untold.trial = {table}.trial AND untold.outcome = {name} "
        f"AND (untold.to_all OR NOT {_held(shown, dialect, of=table)}))"
    )


def _main(dialect: Dialect) -> str:
    return "main" if dialect == "sqlite" else "public"


def _reader(dialect: Dialect) -> str:
    if dialect == "sqlite":
        return f"(SELECT name FROM temp.{READER_NAME})"
    return "(SELECT public.ember_whose())"
