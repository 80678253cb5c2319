"""The checker: the ledger and the topics on one side, the registry on the other.

It knows nothing of the chain but its promises:

- what the broker acknowledged lies on the patient's log, in the order in which it was
  acknowledged, and in the archive, once; or it is a dead letter, once;
- of every flag, verdict and outcome exactly the revisions that the pure steps give
  for that log, with that content, and nothing else;
- every alert once, told at least once under its id;
- whoever was randomised was randomised once, and the team was told nothing else;
- the audit holds.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.faults.expectation import Ideal, Judge, document
from integration.faults.heard import Heard
from integration.faults.ledger import Ledger, Line
from pydantic import TypeAdapter
from sqlalchemy import Connection, create_engine, text

from registry.app.embedded import Output
from registry.store.engine import database_url
from registry.store.unit_of_work import open_registry
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.events import Event
from streams.vocabulary.messages import (
    EhrMessage,
    RosterEntry,
    SepsisOnset,
    TrialScreening,
)
from streams.vocabulary.topics import (
    ALERTS,
    ONSETS,
    OUTCOMES,
    PROTOCOLS,
    ROSTER,
    SCREENINGS,
)


_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_TOPICS = {
    "onset_revision": ONSETS,
    "screening_revision": SCREENINGS,
    "outcome_revision": OUTCOMES,
}
_SHOWN = 5
"""How many of one kind of fault are told in full."""


@dataclass
class Report:
    """What was counted, and what is wrong; nothing is wrong where `faults` is empty."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    def table(self) -> str:
        """The counts, one a line, then the faults."""
        width = max(len(name) for name in self.counts)
        told = [f"  {name:<{width}} {n:>9,}" for name, n in self.counts.items()]
        return "\n".join([*told, *(f"  FAULT {fault}" for fault in self.faults)])

    def differ(
        self, what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]
    ) -> None:
        """Tell what is missing, what is too much, and what is not what it should be."""
        self._tell(f"{what} missing", [k for k in expected if k not in found])
        self._tell(
            f"{what} that nothing explains", [k for k in found if k not in expected]
        )
        changed = [
            f"{k}: expected {expected[k]}, found {found[k]}"
            for k in expected
            if k in found and expected[k] != found[k]
        ]
        self._tell(f"{what} with other content", changed)

    def _tell(self, what: str, which: Sequence[object]) -> None:
        if which:
            some = "; ".join(str(one)[:700] for one in which[:_SHOWN])
            self.faults.append(f"{len(which)} {what}: {some}")


class Checker:
    """Compares; may be asked again and again while the house goes on."""

    def __init__(
        self, ledger: Ledger, judge: Judge, *, url: str, empty_show: Path
    ) -> None:
        self._ledger = ledger
        self._judge = judge
        self._url = url
        copied = shutil.copy(empty_show, empty_show.with_name("ideal.sqlite"))
        self._ideal = Ideal(Path(copied))

    def missing(self, heard: Heard) -> str | None:
        """What is still to come; None when all that is expected may be there."""
        unheard = self._ledger.names() - heard.seen
        if unheard:
            return f"{len(unheard)} messages of the log, of {min(unheard)[0]} first"
        letters = sum(1 for found in heard.letters.values() if found)
        if letters < len(self._ledger.poisons()):
            return f"{len(self._ledger.poisons()) - letters} dead letters"
        with self._reading() as connection:
            return self._still_to_come(connection, heard)

    def _still_to_come(self, connection: Connection, heard: Heard) -> str | None:
        wanted = {
            "clinical_event": sum(
                len(m.events)
                for log in heard.logs.values()
                for m in log
                if isinstance(m, EhrMessage)
            ),
            **dict.fromkeys(_TOPICS, 0),
        }
        for output in self._outputs(heard):
            wanted[_table(output)] += 1
        for table, count in wanted.items():
            found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            if (found or 0) < count:
                return f"{count - (found or 0)} rows of {table}"
        unsent = connection.execute(
            text("SELECT count(*) FROM outbox WHERE next_attempt_at IS NOT NULL")
        ).scalar()
        drawn = connection.execute(text("SELECT count(*) FROM randomisation")).scalar()
        enrolled = sum(
            isinstance(m, RosterEntry) and m.refusal is None
            for log in heard.logs.values()
            for m in log
        )
        if unsent:
            return f"{unsent} rows of the outbox"
        return f"{drawn - enrolled} roster entries" if drawn != enrolled else None

    def check(self, heard: Heard) -> Report:
        """Compare everything."""
        report = Report()
        lines = self._ledger.lines()
        self._check_log(report, lines, heard)
        with self._reading() as connection:
            self._check_archive(report, connection, heard)
            self._check_revisions(report, connection, heard)
            self._check_alerts(report, connection, heard)
            self._check_told(report, connection, heard)
            self._check_allocations(report, connection, heard)
        self._check_letters(report, heard)
        self._check_audit(report)
        return report

    # -- the patients' logs --------------------------------------------------------

    def _check_log(
        self, report: Report, lines: dict[str, list[Line]], heard: Heard
    ) -> None:
        sent = {
            line.message_id: line.message for told in lines.values() for line in told
        }
        order = {p: [line.message_id for line in told] for p, told in lines.items()}
        logged = {
            patient: [m for m in log if isinstance(m, EhrMessage)]
            for patient, log in heard.logs.items()
        }
        report.counts |= {
            "patients": len(lines),
            "records the broker acknowledged": self._ledger.acknowledged(),
            "messages of these": len(sent),
            "events of these": sum(len(m.events) for m in sent.values()),
            "messages on the log": sum(len(log) for log in logged.values()),
            "messages that came onto the log again": heard.repeated,
        }
        report.differ(
            "messages of the log",
            sent,
            {m.message_id: m for log in logged.values() for m in log},
        )
        report.differ(
            "orders of a patient's log",
            order,
            {p: [m.message_id for m in log] for p, log in logged.items() if log},
        )

    # -- the archive ---------------------------------------------------------------

    def _check_archive(
        self, report: Report, connection: Connection, heard: Heard
    ) -> None:
        expected = {
            (message.patient, event.event_id, event.version, message.message_id): (
                message.provenance,
                _EVENT.dump_json(event, exclude_none=True).decode(),
            )
            for log in heard.logs.values()
            for message in log
            if isinstance(message, EhrMessage)
            for event in message.events
        }
        rows = connection.execute(
            text(
                "SELECT patient, event_id, version, message_id, provenance, payload"
                " FROM clinical_event"
            )
        )
        found = {(r[0], r[1], r[2], r[3]): (r[4], r[5]) for r in rows}
        report.counts["events in the archive"] = len(found)
        report.differ("archived events", expected, found)

    # -- flags, verdicts, outcomes -------------------------------------------------

    def _outputs(self, heard: Heard) -> Iterator[Output]:
        for patient, log in heard.logs.items():
            yield from self._judge.outputs(patient, log)

    def _check_revisions(
        self, report: Report, connection: Connection, heard: Heard
    ) -> None:
        expected: dict[str, dict[str, str]] = {table: {} for table in _TOPICS}
        for output in self._outputs(heard):
            expected[_table(output)][output.message_id] = document(output)
        for table, wanted in expected.items():
            rows = connection.execute(text(f"SELECT message_id, document FROM {table}"))
            found = _once(report, table, rows)
            report.counts[f"rows of {table}"] = len(found)
            report.differ(f"rows of {table}", wanted, found)
        rows = connection.execute(text("SELECT message_id, topic FROM inbox"))
        inbox = {m: topic for m, topic in rows if topic in _TOPICS.values()}
        wanted = {m: _TOPICS[t] for t, said in expected.items() for m in said}
        report.differ("rows of the inbox", wanted, inbox)

    # -- alerts --------------------------------------------------------------------

    def _check_alerts(
        self, report: Report, connection: Connection, heard: Heard
    ) -> None:
        """All steps of every alert; of whom the team approached, that it was raised."""
        self._ideal.record(
            {p: self._judge.outputs(p, log) for p, log in heard.logs.items()}
        )
        engine = create_engine(database_url(self._ideal.url))
        with engine.connect() as ideal:
            expected, found = _alerts(ideal), _alerts(connection)
            wanted, steps = _alert_steps(ideal), _alert_steps(connection)
        engine.dispose()
        approached = self._ledger.approached()
        report.counts["alerts"] = len(found)
        report.counts["steps of alerts"] = len(steps)
        report.differ(
            "alerts",
            {k: v for k, v in expected.items() if v[0] not in approached},
            {k: v for k, v in found.items() if v[0] not in approached},
        )
        theirs = {k for k, v in expected.items() | found.items() if v[0] in approached}
        report.differ(
            "steps of alerts",
            {k: v for k, v in wanted.items() if k[0] not in theirs},
            {k: v for k, v in steps.items() if k[0] not in theirs},
        )
        report.differ(
            "alerts raised for whom the team approached",
            {k: wanted[k, 1] for k in theirs if (k, 1) in wanted},
            {k: steps[k, 1] for k in theirs if (k, 1) in steps},
        )
        closings = Counter(k for (k, _), v in steps.items() if v[0] == "acted")
        twice = {k: n for k, n in closings.items() if n > 1}
        report.differ("alerts acted upon twice", {}, twice)

    def _check_told(self, report: Report, connection: Connection, heard: Heard) -> None:
        rows = connection.execute(
            text("SELECT topic, outbox_id, delivered_at IS NOT NULL, error FROM outbox")
        )
        expected: dict[str, dict[str, int]] = {ALERTS: {}, ROSTER: {}, PROTOCOLS: {}}
        unsettled: dict[str, str] = {}
        overtaken: set[str] = set()
        for topic, outbox_id, delivered, error in rows:
            if delivered:
                expected[topic][outbox_id] = 1
            elif str(error or "").startswith("overtaken"):
                # Sent or not, by a relay that did not live to note it; then closed.
                overtaken.add(outbox_id)
            else:
                unsettled[outbox_id] = f"{topic}: {error}"
        report.differ("notices that were not delivered", {}, unsettled)
        for topic, wanted in expected.items():
            times = heard.told[topic]
            report.counts[f"ids on {topic}"] = len(times)
            report.counts[f"told again on {topic}"] = times.total() - len(times)
            found = {name: 1 for name in times if name not in overtaken}
            report.differ(f"ids on {topic}", wanted, found)

    # -- allocations ---------------------------------------------------------------

    def _check_allocations(
        self, report: Report, connection: Connection, heard: Heard
    ) -> None:
        draws = self._ledger.draws()
        told = {
            d.patient: (d.randomisation_id, d.stratum, d.sequence_no) for d in draws
        }
        report.counts["randomisations"] = len(told)
        report.differ(
            "patients who were told two allocations",
            {},
            {p: n for p, n in Counter(d.patient for d in draws).items() if n > 1},
        )
        rows = connection.execute(
            text(
                "SELECT patient, randomisation_id, stratum, sequence_no"
                " FROM randomisation"
            )
        ).all()
        found = _once(report, "randomisation", ((r[0], tuple(r[1:])) for r in rows))
        report.differ("randomisations", told, found)
        for stratum in {r[2] for r in rows}:
            numbers = sorted(r[3] for r in rows if r[2] == stratum)
            if numbers != list(range(1, len(numbers) + 1)):
                report.faults.append(f"the numbers of {stratum} have gaps: {numbers}")
        arms = dict(
            connection.execute(
                text(f"SELECT randomisation_id, arm FROM {_arms(connection)}")
            ).all()
        )
        report.differ("arms", {d.randomisation_id: d.arm for d in draws if d.arm}, arms)
        enrolled = Counter(
            m.patient
            for log in heard.logs.values()
            for m in log
            if isinstance(m, RosterEntry) and m.refusal is None
        )
        report.differ(
            "roster entries on the log", dict.fromkeys(told, 1), dict(enrolled)
        )

    # -- dead letters, audit -------------------------------------------------------

    def _check_letters(self, report: Report, heard: Heard) -> None:
        expected = {
            (p.topic, p.partition, p.offset): p.value for p in self._ledger.poisons()
        }
        found = {place: letters[0].value for place, letters in heard.letters.items()}
        report.counts["poisonous records"] = len(expected)
        report.counts["dead letters"] = sum(map(len, heard.letters.values()))
        report.differ("dead letters", expected, found)
        ids: dict[tuple[object, ...], set[str]] = defaultdict(set)
        for place, letters in heard.letters.items():
            for letter in letters:
                ids[*place, letter.rejected_by].add(letter.message_id)
        report.differ(
            "dead letters under two ids",
            {},
            {place: names for place, names in ids.items() if len(names) > 1},
        )

    def _check_audit(self, report: Report) -> None:
        book = open_registry(self._url)
        try:
            with book.inspection() as uow:
                chains = verify_audit(uow)
        finally:
            book.close()
        report.counts["audit rows"] = sum(chain.rows for chain in chains)
        for chain in chains:
            if chain.break_ is not None:
                report.faults.append(
                    f"the audit of {chain.site}/{chain.trial}: {chain.break_}"
                )

    def _reading(self) -> _Reading:
        return _Reading(self._url)


class _Reading:
    """One snapshot of the registry, and the engine with it."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(database_url(url))

    def __enter__(self) -> Connection:
        self._connection = self._engine.connect()
        if self._engine.dialect.name == "postgresql":
            self._connection.execute(
                text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            )
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()


def _once(report: Report, what: str, rows: Iterable[Any]) -> dict[Any, Any]:
    """The rows by their first column; one that is there twice is a fault."""
    found: dict[Any, Any] = {}
    for key, value in rows:
        if key in found:
            report.faults.append(f"{what} holds {key} twice")
        found[key] = value
    return found


def _table(output: Output) -> str:
    if isinstance(output, SepsisOnset):
        return "onset_revision"
    return (
        "screening_revision"
        if isinstance(output, TrialScreening)
        else "outcome_revision"
    )


def _alerts(connection: Connection) -> dict[str, tuple[object, ...]]:
    rows = connection.execute(
        text(
            "SELECT alert_id, patient, screening_id, episode, status, suppressed,"
            " verdict, revision FROM alert"
        )
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _alert_steps(connection: Connection) -> dict[tuple[str, int], tuple[object, ...]]:
    rows = connection.execute(
        text(
            "SELECT alert_id, number, step, revision, suppressed, told FROM alert_event"
        )
    )
    return {(r[0], r[1]): (r[2], r[3], r[4], bool(r[5])) for r in rows}


def _arms(connection: Connection) -> str:
    sealed = connection.dialect.name == "postgresql"
    return "sealed.assignment" if sealed else "sealed_assignment"
