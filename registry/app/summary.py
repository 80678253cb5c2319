"""What a coordinator wants to see at the end of a demonstration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from registry.app.embedded import Tally
from registry.app.team import ScriptedTeam
from registry.store.listings import FlowView, OnsetView, OutcomeView
from registry.store.unit_of_work import Registry


def print_summary(
    registry: Registry, tally: Tally, team: ScriptedTeam, *, url: str, console: Console
) -> None:
    """The flow of patients, the outcomes, the time that was left, where to look next."""
    with registry.reading() as views:
        onsets = views.onsets()
        flows = views.flow(may_see_arms=True)
        outcomes = views.outcomes()
        revisions = [r for o in onsets for r in views.onset_history(o.site, o.patient)]
        patients = [p.patient for p in views.participants() if p.randomised_at]
    standing = sum(o.status != "withdrawn" for o in onsets)
    console.print(
        f"\n[bold]A made-up hospital:[/] {tally.messages:,} messages with "
        f"{tally.events:,} events; {standing} sepsis onsets stand "
        f"({len(onsets) - standing} were withdrawn)."
    )
    for flow in flows:
        console.print(_flow(flow))
    for obstacle, number in team.obstacles.items():
        console.print(f"  {number} consented and could not be randomised: {obstacle}")
    console.print(_outcomes(outcomes))
    console.print(_knowledge(revisions))
    console.print(_window(list(team.window_left.values())))
    example = patients[0] if patients else "PATIENT"
    console.print(
        f"\nLook next:\n  ember query participants --registry {url}"
        f"\n  ember query screenings --registry {url}"
        f"\n  ember explain {example} --registry {url}"
        f"\n  ember audit verify --registry {url}",
        highlight=False,
        soft_wrap=True,
    )


def _flow(flow: FlowView) -> Table:
    table = Table(title=f"{flow.trial} / {flow.domain}", title_justify="left")
    table.add_column("patients")
    table.add_column("number", justify="right")
    for words, number in (
        ("screened (with a sepsis flag)", flow.screened),
        ("alerted while the window was open", flow.alerted),
        ("consent given", flow.consented),
        ("consent refused", flow.refused),
        ("randomised", flow.randomised),
    ):
        table.add_row(words, str(number))
    for arm, number in flow.by_arm:
        table.add_row(f"  to {arm}", str(number))
    table.add_section()
    for words, number in (
        ("last verdict of the record alone: ineligible", flow.ineligible),
        ("  needs data", flow.needs_data),
        ("  needs a human answer", flow.needs_human),
        ("  eligible", flow.eligible),
    ):
        table.add_row(words, str(number))
    return table


def _outcomes(outcomes: tuple[OutcomeView, ...]) -> Table:
    table = Table(title="Outcomes of participants", title_justify="left")
    for header in ("outcome", "final: died", "final: alive", "provisional", "unknown"):
        table.add_column(header, justify="left" if header == "outcome" else "right")
    for name in sorted({o.outcome for o in outcomes}):
        told = Counter(_told(o) for o in outcomes if o.outcome == name)
        table.add_row(
            name,
            *(str(told[t]) for t in ("died", "alive", "provisional", "unknown")),
        )
    return table


def _told(outcome: OutcomeView) -> str:
    if outcome.value is None:
        return "unknown"
    if outcome.status != "final":
        return "provisional"
    return "died" if outcome.value == 1 else "alive"


def _window(left: list[timedelta]) -> str:
    """Of the recruitment window, when somebody was first told."""
    return f"Recruitment window left when somebody was first told: {_spread(left)}."


def _knowledge(onsets: Iterable[OnsetView]) -> str:
    """From the onset to the moment at which what was known said so."""
    first: dict[str, OnsetView] = {}
    for onset in onsets:
        if onset.revision == 0:
            first[onset.flag_id] = onset
    waited = [onset.known_at - onset.happened_at for onset in first.values()]
    return f"From onset to knowledge: {_spread(waited)}."


def _spread(spans: list[timedelta]) -> str:
    if len(spans) < 2:
        return "too few to say"
    low, middle, high = quantiles([span / timedelta(hours=1) for span in spans], n=4)
    return (
        f"median {middle:.1f} h (quartiles {low:.1f} and {high:.1f} h) "
        f"over {len(spans)}"
    )
