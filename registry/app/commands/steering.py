"""What steered the draws, from when to when: for `ember query`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from pydantic import TypeAdapter

from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.options import (
    AtOption,
    JsonOption,
    RegistryOption,
    TrialOption,
    moment,
)
from registry.app.commands.tables import Columns, RowT, print_table, told
from registry.domain.roles import Surface
from registry.store.steering import GreenLightView, PauseView, VectorView


STEERING: dict[str, TypeAdapter[Any]] = {
    "vectors": TypeAdapter(tuple[VectorView, ...]),
    "pauses": TypeAdapter(tuple[PauseView, ...]),
    "green_lights": TypeAdapter(tuple[GreenLightView, ...]),
}
"""What `--json` prints."""


def vectors(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    at: AtOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The allocation vectors that were published, with each arm's probability.

    For who may know which arm does better: shares are made from results.
    """
    book = opened_as(registry, who, Surface.VECTORS, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.steering().vectors(trial, at=moment(at))
    columns: Columns = {
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "stratum": lambda r: r.stratum or "every one",
        "vector": lambda r: r.vector_id,
        "analysis": lambda r: r.analysis_id,
        "data cut": lambda r: told(r.data_cut),
        "in force from": lambda r: told(r.published_at),
        "until": lambda r: told(r.replaced_at),
        "published by": lambda r: r.published_by,
        "probabilities": lambda r: ", ".join(f"{a} {p:.9g}" for a, p in r.shares),
    }
    _show("vectors", rows, columns, as_json=as_json)


def pauses(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    at: AtOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The pauses of sites, domains and arms, each with its end.

    Why is told to who may see open arms or may set or end such a pause: words may name
    an arm.
    """
    book = opened_as(registry, who, Surface.PROTOCOLS, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.steering().pauses(trial, at=moment(at))
    columns: Columns = {
        "trial": lambda r: r.trial,
        "site": lambda r: r.site,
        "domain": lambda r: r.domain,
        "arm": lambda r: r.arm,
        "from": lambda r: told(r.paused_at),
        "by": lambda r: r.paused_by,
        "why": lambda r: "not shown" if r.reason is None else r.reason,
        "until": lambda r: told(r.ended_at),
        "ended by": lambda r: r.ended_by or "",
        "why ended": lambda r: r.end_reason or "",
    }
    _show("pauses", rows, columns, as_json=as_json)


def green_lights(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    at: AtOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The green lights of sites, each with its end."""
    book = opened_as(registry, who, Surface.PEOPLE, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.steering().green_lights(trial, at=moment(at))
    columns: Columns = {
        "trial": lambda r: r.trial,
        "site": lambda r: r.site,
        "from": lambda r: told(r.given_at),
        "by": lambda r: r.given_by,
        "why": lambda r: r.reason,
        "until": lambda r: told(r.revoked_at),
        "revoked by": lambda r: r.revoked_by or "",
        "why revoked": lambda r: r.revoke_reason or "",
    }
    _show("green_lights", rows, columns, as_json=as_json)


def _show(name: str, rows: Sequence[RowT], columns: Columns, *, as_json: bool) -> None:
    if as_json:
        print(STEERING[name].dump_json(tuple(rows)).decode())
        return
    print_table(name.replace("_", " "), rows, columns)
