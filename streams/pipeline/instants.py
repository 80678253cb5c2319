"""Messages cut into the instants at which something became known of a patient.

One instant is judged once: all its messages but the last say that more follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from streams.vocabulary.messages import EhrMessage


def by_instant(messages: Iterable[EhrMessage]) -> Iterator[tuple[EhrMessage, ...]]:
    """What became known of one patient at one moment, together.

    The messages come sorted by `known_at`; those of one moment lie patient by
    patient, whatever lay between them.
    """
    for _, moment in groupby(messages, key=lambda message: message.known_at):
        patients: dict[tuple[str, str], list[EhrMessage]] = {}
        for message in moment:
            patients.setdefault((message.site, message.patient), []).append(message)
        for key in sorted(patients):
            yield tuple(_marked(patients[key]))


def _marked(messages: Sequence[EhrMessage]) -> Iterator[EhrMessage]:
    for message in messages[:-1]:
        yield replace(message, continues=True)
    yield replace(messages[-1], continues=None)
