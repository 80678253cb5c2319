"""What a coordinator wants to see at the end of a demonstration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from statistics import quantiles

from rich.console import Console
from rich.table import Table
from rich.text import Text

from registry.app.embedded import Tally
from registry.app.team import Case, ScriptedTeam
from registry.store.listings import FlowView, OnsetView, OutcomeView
from registry.store.unit_of_work import Registry
from streams.clinical.criteria.loading import ANCHORING


def print_summary(
    registry: Registry,
    tally: Tally,
    team: ScriptedTeam,
    *,
    url: str,
    ember: str,
    console: Console,
) -> None:
    """The flow of patients, the outcomes, the time that was left, where to look next.

    `ember` is how the reader calls Ember.
    """
    with registry.reading() as views:
        flags = views.onsets()
        flows = views.flow(may_see_arms=True)
        outcomes = views.outcomes()
        onsets = [flag for flag in flags if flag.definition == ANCHORING]
        revisions = [
            r
            for o in onsets
            for r in views.onset_history(o.site, o.patient)
            if r.definition == ANCHORING
        ]
        patients = [p.patient for p in views.participants() if p.randomised_at]
    withdrawn = sum(o.status == "withdrawn" for o in onsets)
    console.print(
        f"\n[bold]A made-up hospital:[/] {tally.messages:,} messages with "
        f"{tally.events:,} events; {len(onsets) - withdrawn} sepsis onsets stand "
        f"({_withdrawn(withdrawn)})."
    )
    if beside := _beside(flags):
        console.print(beside, soft_wrap=True)
    for flow in flows:
        console.print(_flow(flow))
    for obstacle, number in team.obstacles.items():
        told = f"  {number} consented and could not be randomised: {obstacle}"
        console.print(told, markup=False)
    console.print(_outcomes(outcomes))
    console.print(_knowledge(_first_known(revisions)))
    console.print(_window(team.window_left, _first_known(revisions)))
    example = patients[0] if patients else "PATIENT"
    console.print(
        f"\nLook next:\n  {ember} query participants --registry {url}"
        f"\n  {ember} query screenings --registry {url}"
        f"\n  {ember} explain {example} --registry {url}"
        f"\n  {ember} audit verify --registry {url}",
        highlight=False,
        soft_wrap=True,
    )


def _beside(flags: Iterable[OnsetView]) -> str:
    """How many flags stand by each further definition; empty where none is asked for."""
    stand = Counter(
        f"{flag.definition} ({flag.policy})"
        for flag in flags
        if flag.definition != ANCHORING and flag.status != "withdrawn"
    )
    told = ", ".join(f"{number} by {name}" for name, number in sorted(stand.items()))
    return f"Flags beside Sepsis-3: {told}." if told else ""


def _flow(flow: FlowView) -> Table:
    table = Table(title=Text(f"{flow.trial} / {flow.domain}"), title_justify="left")
    table.add_column("how far they came")
    table.add_column("number", justify="right")
    for words, number in (
        ("screened (hospital stays with a sepsis flag)", flow.screened),
        ("  waited for data while the window was open", flow.ever_needs_data),
        ("  waited for a human's answer while it was open", flow.ever_needs_human),
        ("eligible once answered, while the window was open", flow.ever_eligible),
        ("alerted while the window was open", flow.alerted),
        ("consent given", flow.consented),
        ("consent refused", flow.refused),
        ("consent withdrawn", flow.withdrawn),
        ("randomised", flow.randomised),
    ):
        table.add_row(words, str(number))
    for arm, number in flow.by_arm:
        table.add_row(Text(f"  to {arm}"), str(number))
    return table


def _outcomes(outcomes: tuple[OutcomeView, ...]) -> Table:
    table = Table(title="Outcomes of participants", title_justify="left")
    for header in ("outcome", "final: died", "final: alive", "provisional", "unknown"):
        table.add_column(header, justify="left" if header == "outcome" else "right")
    deaths = {o.outcome for o in outcomes if "mortality" in o.outcome}
    for name in sorted(deaths):
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


def _withdrawn(number: int) -> str:
    return f"{number} was withdrawn" if number == 1 else f"{number} were withdrawn"


def _window(left: dict[Case, timedelta], first: Iterable[OnsetView]) -> str:
    """What was left of it when somebody was first told, by both clocks.

    Counted from the onset itself it has run since before anybody could know.
    """
    lost: dict[tuple[str, str, str], timedelta] = {}
    for onset in first:
        place = (onset.site, onset.patient, onset.episode)
        lost.setdefault(place, onset.known_at - onset.happened_at)
    since_onset = [
        span - lost[place]
        for case, span in left.items()
        if (place := (case.site, case.patient, case.episode)) in lost
    ]
    return (
        "Recruitment window left when somebody was first told, counted\n"
        f"  from the moment of knowledge: {_spread(list(left.values()))};\n"
        f"  from the onset itself: {_spread(since_onset)}."
    )


def _knowledge(first: Iterable[OnsetView]) -> str:
    """From the onset to the moment at which what was known said so."""
    waited = [onset.known_at - onset.happened_at for onset in first]
    return f"From onset to knowledge: {_spread(waited)}."


def _first_known(onsets: Iterable[OnsetView]) -> list[OnsetView]:
    """The first revision of each flag."""
    first = {onset.flag_id: onset for onset in onsets if onset.revision == 0}
    return list(first.values())


def _spread(spans: list[timedelta]) -> str:
    if len(spans) < 2:
        return "too few to say"
    low, middle, high = quantiles([span / timedelta(hours=1) for span in spans], n=4)
    return (
        f"median {middle:.1f} h (quartiles {low:.1f} and {high:.1f} h) "
        f"over {len(spans)} patients"
    )
