"""What a coordinator wants to see at the end of a demonstration."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from registry.app.embedded import Tally
from registry.app.team import ScriptedTeam
from registry.store.listings import FlowView, OutcomeView
from registry.store.unit_of_work import Registry


def print_summary(
    registry: Registry, tally: Tally, team: ScriptedTeam, *, url: str, console: Console
) -> None:
    """The flow of patients, the outcomes, the time that was left, where to look next."""
    with registry.reading() as views:
        onsets = views.onsets()
        flows = views.flow(may_see_arms=True)
        outcomes = views.outcomes()
        patients = [p.patient for p in views.participants() if p.randomised_at]
    standing = sum(o.status != "withdrawn" for o in onsets)
    console.print(
        f"\n[bold]A made-up hospital:[/] {tally.messages:,} messages with "
        f"{tally.events:,} events; {standing} sepsis onsets stand "
        f"({len(onsets) - standing} were withdrawn)."
    )
    for flow in flows:
        console.print(_flow(flow))
    console.print(_outcomes(outcomes))
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
        ("now ineligible, or window closed", flow.ineligible),
        ("now in want of data", flow.needs_data),
        ("now in want of a human answer", flow.needs_human),
        ("now eligible, or enrolled", flow.eligible),
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
    if len(left) < 2:
        return "Nobody was alerted."
    low, middle, high = quantiles([one / timedelta(hours=1) for one in left], n=4)
    return (
        f"Window left when first told: median {middle:.1f} h "
        f"(quartiles {low:.1f} and {high:.1f} h) over {len(left)} alerts."
    )
