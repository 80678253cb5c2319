"""The `ember` command."""

from __future__ import annotations

import sys

import typer

from registry.app.commands import (
    alerts,
    audit,
    consume,
    demo,
    explain,
    feeds,
    migrate,
    mode,
    protocol,
    query,
    relay,
    replay,
    schemas,
    score,
)
from streams.app import commands as stream_commands
from streams.vocabulary.errors import EmberError


app = typer.Typer(
    name="ember",
    help="Embedded sepsis trials: from a hospital's live record to a randomised trial.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(replay.replay)
app.command()(explain.explain)
app.command()(score.score)
app.command()(consume.consume)
app.command()(relay.relay)
app.command()(feeds.feeds)
app.command()(migrate.migrate)
app.command()(mode.mode)
app.command()(schemas.schemas)
app.add_typer(protocol.app, name="protocol")
app.add_typer(query.app, name="query")
app.add_typer(alerts.app, name="alerts")
app.add_typer(audit.app, name="audit")
stream_commands.add_to(app)


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
