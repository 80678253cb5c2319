"""What a new version says beside what the old one says: the latest of each subject.

Of each flag, screening and outcome only digests and a few words are kept, so that the
comparison fits into memory where the messages would not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from typing import Any

import orjson
from kafka import KafkaConsumer
from pydantic import TypeAdapter

from streams.app.kafka.reading import records_in, span_of
from streams.vocabulary.errors import InputError
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
    decode,
)
from streams.vocabulary.topics import ONSETS, OUTCOMES, SCREENINGS


Said = SepsisOnset | TrialScreening | TrialOutcome

COUNTED = frozenset({"message_id", "revision"})
"""How often a subject was spoken of is no content."""
KNOWN_AT = "known_at"
VERSION = "software_version"
ABSENT = "absent"
"""In place of a status, where one side has said nothing."""

_DIGEST = 8
_KINDS: dict[str, tuple[str, TypeAdapter[Any], type[Said], str]] = {
    ONSETS: ("flag", SEPSIS_ONSET, SepsisOnset, "flag_id"),
    SCREENINGS: ("screening", TRIAL_SCREENING, TrialScreening, "screening_id"),
    OUTCOMES: ("outcome", TRIAL_OUTCOME, TrialOutcome, "outcome_id"),
}


@dataclass(slots=True)
class Difference:
    """One subject of which the two versions do not say the same."""

    kind: str
    subject: str
    of: str
    old: str
    """Its status there, or `absent`."""
    new: str
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Row:
    """How many subjects of one sort went from one status to another."""

    kind: str
    of: str
    """The definition, the trial and domain, or the trial and outcome."""
    old: str
    new: str
    equal: int = 0
    different: int = 0


@dataclass(slots=True)
class Comparison:
    """The account of a comparison."""

    equal: int = 0
    different: int = 0
    only_old: int = 0
    only_new: int = 0
    unreadable: int = 0
    """Records of either side that are no such message."""
    behind: int | None = None
    """Records of the patients' logs the new version has still to judge, if known."""
    fields: dict[str, int] = field(default_factory=dict)
    """How many subjects differ in each field, as `kind.field`."""
    rows: list[Row] = field(default_factory=list)
    examples: list[Difference] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether both said the same of everything."""
        return not (self.different or self.only_old or self.only_new or self.unreadable)


@dataclass(frozen=True, slots=True)
class _Latest:
    revision: int
    status: str
    of: str
    digests: bytes
    """Eight bytes a compared field, in the order of the fields."""


def compare(
    consumer: KafkaConsumer,
    renamed: Callable[[str], str],
    *,
    ignored: frozenset[str],
    examples: int = 20,
) -> Comparison:
    """Both sets of output topics, to where they end now; `renamed` gives the new one's.

    Raises `SettingsError` EMB-405 where a topic is not there.
    """
    comparison = Comparison()
    for topic, (kind, adapter, shape, name) in _KINDS.items():
        compared = [f.name for f in fields(shape) if f.name not in ignored]
        old, new = (
            _latest(consumer, side, adapter, name, compared, comparison)
            for side in (topic, renamed(topic))
        )
        _set_against(comparison, kind, compared, old, new, examples)
    comparison.rows.sort(key=lambda row: (row.kind, row.of, row.old, row.new))
    comparison.fields = dict(sorted(comparison.fields.items()))
    return comparison


def _latest(
    consumer: KafkaConsumer,
    topic: str,
    adapter: TypeAdapter[Any],
    name: str,
    compared: list[str],
    comparison: Comparison,
) -> dict[str, _Latest]:
    """The highest revision of each subject; of one revision said twice, the later."""
    found: dict[str, _Latest] = {}
    words: dict[str, str] = {}
    for record in records_in(consumer, span_of(consumer, topic)):
        try:
            said = decode(adapter, record.value or b"")
        except InputError:
            comparison.unreadable += 1
            continue
        subject = getattr(said, name)
        known = found.get(subject)
        if known is None or said.revision >= known.revision:
            of = _of(said)
            found[subject] = _Latest(
                revision=said.revision,
                status=words.setdefault(said.status, said.status),
                of=words.setdefault(of, of),
                digests=_digests(adapter, said, compared),
            )
    return found


def _of(said: Said) -> str:
    match said:
        case SepsisOnset():
            return f"{said.definition} {said.policy}"
        case TrialScreening():
            return f"{said.trial} {said.domain}"
        case TrialOutcome():
            return f"{said.trial} {said.outcome}"


def _digests(adapter: TypeAdapter[Any], said: Said, compared: list[str]) -> bytes:
    plain = adapter.dump_python(said, mode="json")
    return b"".join(
        blake2b(
            orjson.dumps(plain[name], option=orjson.OPT_SORT_KEYS), digest_size=_DIGEST
        ).digest()
        for name in compared
    )


def _set_against(
    comparison: Comparison,
    kind: str,
    compared: list[str],
    old: Mapping[str, _Latest],
    new: Mapping[str, _Latest],
    examples: int,
) -> None:
    rows: dict[tuple[str, str, str], Row] = {}
    for subject in sorted(old.keys() | new.keys()):
        before, after = old.get(subject), new.get(subject)
        difference = Difference(
            kind=kind,
            subject=subject,
            of=(after or before or _NOBODY).of,
            old=ABSENT if before is None else before.status,
            new=ABSENT if after is None else after.status,
            fields=_differing(before, after, compared),
        )
        place = (difference.of, difference.old, difference.new)
        row = rows.setdefault(place, Row(kind, *place))
        if _is_counted_equal(comparison, difference):
            row.equal += 1
            continue
        row.different += 1
        for name in difference.fields:
            told = f"{kind}.{name}"
            comparison.fields[told] = comparison.fields.get(told, 0) + 1
        if sum(e.kind == kind for e in comparison.examples) < examples:
            comparison.examples.append(difference)
    comparison.rows.extend(rows.values())


_NOBODY = _Latest(0, ABSENT, "", b"")


def _is_counted_equal(comparison: Comparison, difference: Difference) -> bool:
    if difference.old == ABSENT:
        comparison.only_new += 1
    elif difference.new == ABSENT:
        comparison.only_old += 1
    elif difference.fields:
        comparison.different += 1
    else:
        comparison.equal += 1
        return True
    return False


def _differing(
    before: _Latest | None, after: _Latest | None, compared: list[str]
) -> tuple[str, ...]:
    """The fields in which two sayings differ; none where one of them is not there."""
    if before is None or after is None or before.digests == after.digests:
        return ()
    return tuple(
        name
        for at, name in enumerate(compared)
        if before.digests[at * _DIGEST : (at + 1) * _DIGEST]
        != after.digests[at * _DIGEST : (at + 1) * _DIGEST]
    )
