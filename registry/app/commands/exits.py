"""How a command ends: 0 done, 1 the rules or the document forbid, 2 called wrongly."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from streams.vocabulary.errors import ProtocolError, Refused, UserError


FORBIDDEN, MISCALLED = 1, 2


@contextmanager
def told_in_words() -> Iterator[None]:
    """Tell what its reader can mend; the exit status says where the fault lies."""
    try:
        yield
    except (ProtocolError, Refused) as fault:
        print(f"ember: {fault}", file=sys.stderr)
        raise typer.Exit(FORBIDDEN) from None
    except UserError as fault:
        print(f"ember: {fault}", file=sys.stderr)
        raise typer.Exit(MISCALLED) from None
