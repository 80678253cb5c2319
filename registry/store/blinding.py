"""Which outcomes would tell what a blinded domain hides."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.trial import DomainRow, ProtocolRow


def hidden_outcomes(connection: Connection) -> frozenset[tuple[str, str]]:
    """By trial, the outcomes that tell what was given in a blinded domain.

    One that names no domain is among them wherever the trial has a blinded one, and a
    domain that ever was blinded stays so here.
    """
    blinded = _blinded(connection)
    query = select(ProtocolRow.trial, ProtocolRow.document)
    return frozenset(
        (trial, told["id"])
        for trial, document in connection.execute(query)
        for told in _treatments(document)
        if blinded[trial] and told.get("domain") in {None, *blinded[trial]}
    )


def given_outcomes(connection: Connection) -> frozenset[tuple[str, str]]:
    """By trial, all outcomes that tell what was given, of whatever domain."""
    query = select(ProtocolRow.trial, ProtocolRow.document)
    return frozenset(
        (trial, told["id"])
        for trial, document in connection.execute(query)
        for told in _treatments(document)
    )


def _blinded(connection: Connection) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in (DomainRow, RandomisationRow):
        query = select(row.trial, row.domain).where(row.blinded).distinct()
        for trial, domain in connection.execute(query):
            found[trial].add(domain)
    return found


def _treatments(document: str) -> Iterator[dict[str, Any]]:
    for told in json.loads(document).get("outcomes") or ():
        if isinstance(told, dict) and told.get("kind") == "treatment_received":
            yield told
