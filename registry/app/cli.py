"""The `ember` command."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import typer

from streams.app.command_line import COMMANDS, on_demand
from streams.app.command_line import PANELS as STREAMS_PANELS
from streams.vocabulary.errors import EmberError


REGISTRY_COMMANDS: Mapping[str, str] = {
    "demo": "registry.app.commands.demo:demo",
    "replay": "registry.app.commands.replay:replay",
    "listen": "registry.app.commands.listen:listen",
    "explain": "registry.app.commands.explain:explain",
    "score": "registry.app.commands.score:score",
    "consume": "registry.app.commands.consume:consume",
    "relay": "registry.app.commands.relay:relay",
    "signer": "registry.app.commands.signer:signer",
    "feeds": "registry.app.commands.feeds:feeds",
    "migrate": "registry.app.commands.migrate:migrate",
    "mode": "registry.app.commands.mode:mode",
    "schemas": "registry.app.commands.schemas:schemas",
    "protocol": "registry.app.commands.protocol:app",
    "query": "registry.app.commands.query:app",
    "export": "registry.app.commands.export:export_",
    "screening": "registry.app.commands.screening:app",
    "consent": "registry.app.commands.consent:app",
    "opt-out": "registry.app.commands.opt_out:app",
    "randomise": "registry.app.commands.randomise:randomise",
    "misrandomisation": "registry.app.commands.misrandomisation:app",
    "rehearse": "registry.app.commands.rehearse:rehearse",
    "envelope": "registry.app.commands.envelope:app",
    "fallback": "registry.app.commands.fallback:app",
    "unblind": "registry.app.commands.unblind:unblind",
    "alerts": "registry.app.commands.alerts:app",
    "outcome": "registry.app.commands.outcome:app",
    "deviation": "registry.app.commands.deviation:app",
    "identity": "registry.app.commands.identity:app",
    "intake": "registry.app.commands.intake:app",
    "role": "registry.app.commands.role:app",
    "delegation": "registry.app.commands.delegation:app",
    "site": "registry.app.commands.site:app",
    "audit": "registry.app.commands.audit:app",
    "signature": "registry.app.commands.signature:app",
    "randomisation": "registry.app.commands.randomisation:app",
    "reveal": "registry.app.commands.reveal:app",
    "kit": "registry.app.commands.kit:app",
    "allocation": "registry.app.commands.allocation:app",
    "domain": "registry.app.commands.pausing:domain",
    "arm": "registry.app.commands.pausing:arm",
}

PANELS: Mapping[str, tuple[str, ...]] = {
    "Patients and participants": (
        *("query", "explain", "screening", "consent", "opt-out", "randomise", "reveal"),
        *("kit", "outcome", "alerts", "score"),
    ),
    "When things go wrong": (
        *("unblind", "misrandomisation", "deviation", "envelope", "fallback"),
        "rehearse",
    ),
    "Running a trial": (
        *("protocol", "site", "domain", "arm", "allocation", "randomisation"),
        "export",
    ),
    "Who may do what, and who did": (
        *("role", "delegation", "signature", "identity", "audit"),
    ),
    "Running Ember": (
        *("demo", "migrate", "mode", "signer", "consume", "relay"),
        *(*STREAMS_PANELS["Running Ember"], "schemas"),
    ),
    "What comes in": (
        *("feeds", "listen", "intake", *STREAMS_PANELS["What comes in"]),
    ),
    "Definitions and history": (
        *(*STREAMS_PANELS["Definitions and history"], "replay"),
    ),
}
"""By what they are for, the commands as `--help` lists them."""

app = typer.Typer(
    name="ember",
    cls=on_demand({**REGISTRY_COMMANDS, **COMMANDS}, PANELS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def ember() -> None:
    """Embedded sepsis trials: from a hospital's live record to a randomised trial."""


def main() -> None:
    """Run the command; what a user can mend is told in a sentence, exit status 1."""
    try:
        app()
    except EmberError as fault:
        print(f"ember: {fault}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        print("ember: stopped; what was committed stands.", file=sys.stderr)
        sys.exit(130)
