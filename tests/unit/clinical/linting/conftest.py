"""A small protocol around the criteria of a test."""

from collections.abc import Callable
from textwrap import indent

import pytest

from streams.clinical.criteria.lint import lint
from streams.vocabulary.protocol_text import parse_protocol


HEAD = """\
id: small
title: A small trial
version: "1.0"
evidence: {evidence}
summary: Made up.
consent: {{model: prospective, text: Asked first.}}
outcomes: [mortality_28d]
domains:
  - id: only
    title: The only question
    status: open
    blinding: open_label
    arms:
      - {{id: one, title: One}}
      - {{id: two, title: Two}}
    allocation: {{method: permuted_blocks, sizes: [4, 6]}}
    alert: {{title: A patient, body: Look.}}
    recruitment:
      entry: {entry}
      anchor: {anchor}
      window: 24 h
    inclusion:
"""

BY_ONSET = "{kind: onset, definition: sepsis3, policy: ember}"


@pytest.fixture
def document() -> Callable[..., str]:
    """The protocol's text; each criterion is given by its lines but `id` and `text`."""

    def make(
        *inclusion: str,
        exclusion: tuple[str, ...] = (),
        evidence: str = "partial",
        entry: str = BY_ONSET,
        anchor: str = "onset.known_at",
    ) -> str:
        text = HEAD.format(evidence=evidence, entry=entry, anchor=anchor)
        text += "".join(criterion(f"I{n}", one) for n, one in enumerate(inclusion))
        if exclusion:
            text += "    exclusion:\n"
        text += "".join(criterion(f"E{n}", one) for n, one in enumerate(exclusion))
        return text

    return make


@pytest.fixture
def found(document) -> Callable[..., list[str]]:
    """The names of what the checks find."""

    def check(*inclusion: str, **named) -> list[str]:
        text = document(*inclusion, **named)
        return [one.code for one in lint(parse_protocol(text), text)]

    return check


def criterion(name: str, lines: str) -> str:
    return f"      - id: {name}\n        text: Something\n" + indent(
        lines.strip() + "\n", "        "
    )
