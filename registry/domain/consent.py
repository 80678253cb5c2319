"""Consent as a state, not a boolean.

    not asked ──► asked ──► given ──► withdrawn
        │  │        │  ▲
        │  │        ▼  │ asked again
        │  └──────► refused
        └─► given (asked and answered in one act)

Waiver, deferral with a deadline and regained capacity are further states of this
machine; a table of steps makes room for them.
"""

from __future__ import annotations

from enum import StrEnum


class ConsentState(StrEnum):
    """Where one participant stands; no row at all means not asked."""

    ASKED = "asked"
    """Approached, no answer yet."""
    GIVEN = "given"
    """Consent stands."""
    REFUSED = "refused"
    """Said no; may be asked again when something changed."""
    WITHDRAWN = "withdrawn"
    """Took consent back: future acts stop, what was recorded stays."""


class ConsentBasis(StrEnum):
    """How consent was given."""

    WRITTEN = "written"
    """Signed by the patient."""
    VERBAL = "verbal"
    """Spoken by the patient and witnessed; writing follows."""
    PROXY = "proxy"
    """Given by a legal representative."""


_STEPS: dict[ConsentState | None, frozenset[ConsentState]] = {
    None: frozenset({ConsentState.ASKED, ConsentState.GIVEN, ConsentState.REFUSED}),
    ConsentState.ASKED: frozenset({ConsentState.GIVEN, ConsentState.REFUSED}),
    ConsentState.REFUSED: frozenset({ConsentState.ASKED}),
    ConsentState.GIVEN: frozenset({ConsentState.WITHDRAWN}),
    ConsentState.WITHDRAWN: frozenset(),
}


def may_become(current: ConsentState | None, following: ConsentState) -> bool:
    """Whether that step exists; staying where one is does not count as one."""
    return following in _STEPS[current]
