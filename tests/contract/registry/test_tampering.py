"""Every table the audit accounts for, every way to tamper with it: always found.

Each attempt is made in a transaction of its own by somebody whom no trigger and no
foreign key stops, verified from within, and rolled back.
"""

import json
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up.role_holders import let
from sqlalchemy import Enum, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, StatementError

from registry.domain.consent import ConsentState
from registry.domain.delegation import Duty
from registry.domain.kit import KitAct, KitLine
from registry.domain.misrandomisation import Kind
from registry.domain.mode import Mode
from registry.domain.particulars import IN_WORDS, PLAINLY
from registry.domain.pause import Place
from registry.domain.randomisation.methods import Adaptive, Limit, Minimised
from registry.domain.randomisation.vector import by_ratio
from registry.domain.roles import Role
from registry.domain.signature import Meaning, Signable
from registry.domain.unblinding import UnblindingNote, UnblindingReason
from registry.store.schema import APPEND_ONLY, schema
from registry.store.unit_of_work import UnitOfWork
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.break_blind import BreakBlind, break_blind
from registry.usecases.enter_opening import EnterOpening, enter_opening
from registry.usecases.exclude_allocation import ExcludeAllocation, exclude_allocation
from registry.usecases.import_kits import ImportKits, KitsImported, import_kits
from registry.usecases.judge_outcome import JudgeOutcome, judge_outcome
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.make_sealed_list import MakeSealedList, make_sealed_list
from registry.usecases.move_kit import MoveKit, move_kit
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.randomise_domains import RandomiseDomains, randomise_domains
from registry.usecases.record_deviation import RecordDeviation, record_deviation
from registry.usecases.record_misrandomisation import (
    RecordMisrandomisation,
    record_misrandomisation,
)
from registry.usecases.redact_deviation import (
    DeviationRedacted,
    RedactDeviation,
    redact_deviation,
)
from registry.usecases.rehearse import RehearseDraw, rehearse_draw
from registry.usecases.reveal_arm import RevealArm, Revealed, reveal_arm
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.sign_eligibility import SignEligibility, sign_eligibility
from registry.usecases.sign_record import RecordSigned, SignRecord, sign_record
from registry.usecases.signature_ports import Authenticated
from registry.usecases.verify_audit import chain_reports, verify_audit


UNAUDITED = {
    "misrandomisation_received": "a part of `misrandomisation`, in whose digest it is",
    "replay_run": "a log of replays: no act of the trial",
}
"""Tables that only grow, and that no chain accounts for."""

FOLLOWING = ("trial_domain", "kit_stock", "alert", "allocator")
"""Tables that change, and follow from what the audit tells."""

UNTOLD = {
    "alert.held_back": "a step that only follows may bring it, and is not kept",
}
"""Columns of these that nothing else tells."""

TWO = by_ratio([("restrictive", 1), ("standard", 1)])
HOUR = timedelta(hours=1)


def kits(seed, at):
    """A list for a domain that has none yet, made by chance."""
    rng = random.Random(seed)
    held = ["quartz", "zephyr"] * 4
    rng.shuffle(held)
    codes = rng.sample(range(100_000, 1_000_000), len(held))
    return ImportKits(
        trial="TIDE",
        domain="blind",
        lines=tuple(
            KitLine(kit=f"K{code}", arm=arm, lot="L1", expires_on=date(2027, 3, 31))
            for code, arm in zip(codes, held, strict=True)
        ),
        actor="supplier",
        at=at,
        ahead=True,
    )


class Known:
    """Knows everybody: what is tried here is what comes after."""

    def authenticated(self, person, _secret):
        return Authenticated(f"Dr {person.title()}", "test")


@pytest.fixture
def full(bedside, registry):
    """At least two rows in each table that the audit accounts for."""
    drug = replace(
        bedside.fluids,
        domain="drug",
        method=Adaptive(
            initial=TWO,
            limits=tuple((arm, Limit(floor=Fraction(1, 10))) for arm, _ in TWO),
        ),
    )
    care = replace(
        bedside.fluids,
        domain="care",
        deferred=True,
        method=Minimised(
            weights=(("shock", Fraction(1)),), spread="range", p=Fraction(1)
        ),
    )
    bedside.open_trial(bedside.fluids, drug, care)
    bedside.light(given=False)
    bedside.light()
    let(registry, "monitor", roles=[Role.MONITOR])
    noon = bedside.noon
    for patient in ("p1", "p2"):
        bedside.hear(
            bedside.onset(patient),
            bedside.needs_human(patient),
            bedside.verdict(patient, domain="care"),
            bedside.outcome(patient, status="final", value=0.0),
        )
        bedside.consent(patient)
        bedside.answer("equipoise", "TRUE", patient)
        bedside.answer("dying", "FALSE", patient)
    with registry.transaction() as uow:
        for number, person in enumerate(("doctor", "nurse")):
            add_delegation(
                AddDelegation(
                    trial="TIDE",
                    site="A",
                    person=person,
                    duties=(Duty.SIGN_ELIGIBILITY,),
                    starts_at=noon,
                    reason="the team",
                    actor="principal",
                    at=noon + number * HOUR,
                ),
                uow,
            )
        for patient in ("p1", "p2"):
            signed = sign_eligibility(
                SignEligibility(
                    site="A",
                    patient=patient,
                    trial="TIDE",
                    domain="fluids",
                    episode="e1",
                    actor="doctor",
                    at=noon + HOUR,
                ),
                uow,
            )
            assert signed.signature
    drawn = [
        bedside.randomise(patient, domain=domain)
        for patient in ("p1", "p2")
        for domain in ("fluids", "care")
    ]
    for patient in ("p8", "p9"):
        bedside.opt_out(patient)
    with registry.transaction() as uow:
        for patient, done in zip(("p1", "p2"), drawn[1::2], strict=True):
            outcome = bedside.outcome(patient)
            judged = JudgeOutcome(
                outcome_id=outcome.outcome_id,
                judged_as="adjudicated",
                value=1.0,
                reason="autopsy",
                decided_at=noon,
                actor="committee",
                at=noon + HOUR,
            )
            assert judge_outcome(judged, uow).judged
            exclude_allocation(
                ExcludeAllocation(
                    trial="TIDE",
                    domain="care",
                    participant=done.participant,
                    reason=f"in error of {patient}",
                    actor="manager",
                    at=noon + HOUR,
                ),
                uow,
            )
            revealed = reveal_arm(
                RevealArm(
                    trial="TIDE",
                    domain="care",
                    participant=done.participant,
                    reason=None,
                    actor="doctor",
                    at=noon + HOUR,
                ),
                uow,
            )
            assert isinstance(revealed, Revealed)
            deviation = record_deviation(
                RecordDeviation(
                    participant=done.participant,
                    kind="treatment",
                    important=True,
                    happened_at=noon,
                    description="late",
                    actor="nurse",
                    at=noon + HOUR,
                ),
                uow,
            ).deviation
            signed = sign_record(
                SignRecord(
                    kind=Signable.DEVIATION,
                    record_id=deviation.deviation_id,
                    meaning=Meaning.REVIEWED,
                    signer="doctor",
                    secret="",
                    at=noon + HOUR,
                ),
                uow,
                Known(),
            )
            assert isinstance(signed, RecordSigned)
            taken_out = redact_deviation(
                RedactDeviation(
                    deviation_id=deviation.deviation_id,
                    reason="on request",
                    actor="data protection officer",
                    at=noon + HOUR,
                ),
                uow,
            )
            assert isinstance(taken_out, DeviationRedacted)
        for seed in (1, 2):
            imported = import_kits(kits(seed, noon), uow, signer=bedside.signer)
            assert isinstance(imported, KitsImported)
        for line in kits(1, noon).lines[:2]:
            move_kit(
                MoveKit(
                    trial="TIDE",
                    kit=line.kit,
                    act=KitAct.RECEIVE,
                    site="A",
                    reason=None,
                    actor="pharmacist",
                    at=noon,
                ),
                uow,
            )
        randomise_domains(
            RandomiseDomains(
                idempotency_key="all",
                site="A",
                patient="p1",
                trial="TIDE",
                domains=(),
                episode="e1",
                actor="doctor",
                at=noon + HOUR,
            ),
            uow,
            signer=bedside.signer,
        )
        for paused in (True, False):
            set_pause(
                SetPause(
                    trial="TIDE",
                    place=Place(domain="drug"),
                    paused=paused,
                    reason="safety",
                    actor="sponsor",
                    at=noon,
                ),
                uow,
            )
        for analysis in ("interim-1", "interim-2"):
            publish_vector(
                PublishVector(
                    trial="TIDE",
                    domain="drug",
                    stratum=None,
                    analysis_id=analysis,
                    data_cut=noon,
                    p_best={"restrictive": 0.6, "standard": 0.4},
                    shares=None,
                    actor="statistician",
                    at=noon,
                ),
                uow,
            )
        set_mode(SetMode(mode=Mode.SILENT, reason="over", actor="admin", at=noon), uow)
    bedside.consent("p2", ConsentState.WITHDRAWN)
    misrandomise(bedside, drawn[0::2])
    bedside.declare("WAVE")
    break_blinds(bedside)
    open_pages(bedside)
    with registry.transaction() as uow:
        set_mode(SetMode(mode=Mode.SILENT, reason="over", actor="admin", at=noon), uow)
    return bedside


def test_every_particular_is_known_for_words_or_for_none(full):
    """Who may see no open arm gets those alone that are nobody's words."""
    with full.registry.inspection() as uow:
        told = {
            name
            for site, trial in uow.audit.chains()
            for row in uow.audit.rows(site=site, trial=trial)
            for name in json.loads(row.detail)
        }
    assert len(told) > 40
    assert told - PLAINLY - IN_WORDS == set()


def misrandomise(bedside, drawn):
    for done in drawn:
        asked = RecordMisrandomisation(
            kind=Kind.WRONG_TREATMENT,
            participant=done.participant,
            domain="fluids",
            happened_at=bedside.noon,
            description="another kit",
            received="K-1",
            actor="nurse",
            at=bedside.noon + HOUR,
        )
        with bedside.registry.transaction() as uow:
            assert record_misrandomisation(asked, uow).record


def break_blinds(bedside):
    """Two participants of a blinded domain, in a demo: SQLite seals none live."""
    mask = replace(bedside.fluids, domain="mask", blinded=True)
    told = bedside.protocol(mask, protocol_hash="hash-2", trial="WAVE")
    noon = bedside.noon
    with bedside.registry.transaction() as uow:
        set_mode(SetMode(mode=Mode.DEMO, reason="shown", actor="admin", at=noon), uow)
        activate_protocol(told, uow, signer=bedside.signer)
        add_delegation(
            AddDelegation(
                trial="WAVE",
                site="A",
                person="doctor",
                duties=(Duty.UNBLIND,),
                starts_at=noon,
                reason="the team",
                actor="principal",
                at=noon,
            ),
            uow,
        )
    where = {"trial": "WAVE", "domain": "mask"}
    for patient in ("p1", "p2"):
        shown = {"provenance": "simulated", "protocol_hash": "hash-2", **where}
        bedside.hear(bedside.verdict(patient, **shown))
        bedside.consent(patient, trial="WAVE")
        done = bedside.randomise(patient, **where)
        command = BreakBlind(
            participant=done.participant,
            domain="mask",
            reason=UnblindingReason.OTHER,
            note=UnblindingNote(words=f"shock of {patient}", nonce="00"),
            actor="doctor",
            sponsor_told=False,
            at=noon + HOUR,
        )
        with bedside.registry.transaction() as uow:
            assert break_blind(command, uow, None).unblinding


def open_pages(bedside):
    """Two lists, of which two pages were opened and one fits; two decoys."""
    noon = bedside.noon
    where = {"trial": "WAVE", "domain": "mask"}
    shown = {"provenance": "simulated", "protocol_hash": "hash-2", **where}
    bedside.hear(bedside.verdict("p3", **shown))
    bedside.consent("p3", trial="WAVE")
    for number in (901, 951):
        making = MakeSealedList(
            **where,
            site="A",
            first_no=number,
            count=2,
            key=bytes(range(90, 122)),
            actor="custodian",
            at=noon,
        )
        with bedside.registry.transaction() as uow:
            made = make_sealed_list(making, uow)
        entering = EnterOpening(
            list_id=made.sealed.list_id,
            envelope=number,
            participant="WAVE-A-0003",
            opened_at=noon + HOUR,
            opened_by="doctor",
            arm=made.pages[0].arm,
            nonce=made.pages[0].nonce,
            outage_from=noon,
            outage_until=noon + 2 * HOUR,
            actor="nurse",
            at=noon + 3 * HOUR,
        )
        rehearsing = RehearseDraw(**where, site="A", actor="nurse", at=noon)
        with bedside.registry.transaction() as uow:
            entered = enter_opening(entering, uow).opening
            assert rehearse_draw(rehearsing, uow).rehearsal
        assert bool(entered.randomisation_id) == (number == 901), entered.findings


def audited(registry):
    """The tables of all that a chain accounts for, the chains and arms among them."""
    arms = (
        "sealed.assignment" if registry.dialect == "postgresql" else "sealed_assignment"
    )
    names = [*(n for n in APPEND_ONLY if n not in UNAUDITED), *FOLLOWING, arms]
    return [schema(registry.dialect).tables[name] for name in names]


def rows_of(connection, table):
    order = list(table.primary_key.columns)
    return connection.execute(select(table).order_by(*order)).mappings().all()


def is_found(connection, anchors=()):
    """Whether any chain is told to be broken."""
    uow = UnitOfWork(connection)
    return any(report.break_ for report in chain_reports(uow, anchors=anchors))


def other(column, value):
    """Another value that the column can hold."""
    kind = column.type
    if isinstance(kind, Enum):
        members = list(kind.enum_class or kind.enums)
        return next(one for one in members if one != value)
    match value:
        case None:
            return sample(column)
        case bool():
            return not value
        case int() | float():
            return value + 1
        case datetime():
            return value + timedelta(seconds=1)
        case date():
            return value + timedelta(days=1)
        case tuple():
            return () if value else tuple(kind.kind)[:1]
        case StrEnum():
            return next(one for one in type(value) if one != value)
        case _:
            return f"{value}x"


def sample(column):
    """A value where there is none."""
    told = column.type.python_type if not hasattr(column.type, "kind") else tuple
    return {
        bool: True,
        int: 1,
        float: 1.5,
        datetime: datetime.fromisoformat("2026-03-01T12:00:00+00:00"),
        tuple: (),
    }.get(told, "x")


def key_of(table, row):
    return [column == row[column.name] for column in table.primary_key.columns]


@pytest.mark.usefixtures("full")
def test_a_full_life_holds_and_has_rows_in_every_table(registry, attempt):
    with attempt() as connection:
        lacking = [
            table.fullname
            for table in audited(registry)
            if len(rows_of(connection, table)) < 2
        ]
        found = is_found(connection)

    assert lacking == []
    assert not found


@pytest.mark.usefixtures("full")
def test_a_changed_value_of_any_column_is_found(registry, attempt):
    unseen = []
    for table in audited(registry):
        with attempt() as connection:
            row = rows_of(connection, table)[-1]
        for column in table.columns:
            with attempt() as connection:
                value = other(column, row[column.name])
                changed = update(table).where(*key_of(table, row))
                try:
                    connection.execute(changed.values({column: value}))
                except (DBAPIError, StatementError):
                    continue  # a check of the database forbids this very value
                if not is_found(connection):
                    unseen.append(f"{table.fullname}.{column.name}")

    assert set(unseen) <= set(UNTOLD)


@pytest.mark.usefixtures("full")
def test_a_removed_row_is_found(registry, attempt):
    unseen = []
    for table in audited(registry):
        with attempt() as connection:
            rows = rows_of(connection, table)
        for row in rows:
            if row.get("next_no") == 1:
                continue  # a stratum in which nothing was drawn is made anew as it was
            with attempt() as connection:
                connection.execute(delete(table).where(*key_of(table, row)))
                if not is_found(connection):
                    unseen.append((table.fullname, dict(row)))

    assert unseen == []


@pytest.mark.usefixtures("full")
def test_an_inserted_row_is_found(registry, attempt):
    unseen = []
    for table in audited(registry):
        unique = {
            column.name
            for constraint in table.constraints
            if type(constraint).__name__ in ("UniqueConstraint", "PrimaryKeyConstraint")
            for column in constraint.columns
        }
        with attempt() as connection:
            last = dict(rows_of(connection, table)[-1])
            for name in unique - {"site", "trial"}:
                value = last[name]
                last[name] = value + 1_000 if type(value) is int else f"{value}x"
            connection.execute(insert(table).values(last))
            if not is_found(connection):
                unseen.append(table.fullname)

    assert unseen == []


@pytest.mark.usefixtures("full")
def test_two_rows_that_changed_places_are_found(registry, attempt):
    """Each gets the other's key; nothing else of them changes."""
    unseen = []
    for table in audited(registry):
        key = list(table.primary_key.columns)
        last = key[-1]
        with attempt() as connection:
            one, two = rows_of(connection, table)[-2:]
            if all(one[c.name] == two[c.name] for c in table.columns if c not in key):
                continue  # they say the same, so nothing is changed
            aside = {**one, last.name: 10**9 if type(one[last.name]) is int else "-"}
            try:
                for was, becomes in ((one, aside), (two, one), (aside, two)):
                    moved = update(table).where(*key_of(table, was))
                    connection.execute(moved.values({c: becomes[c.name] for c in key}))
            except DBAPIError:
                continue  # a constraint of the database keeps these two where they are
            if not is_found(connection):
                unseen.append(table.fullname)

    assert unseen == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.data())
@pytest.mark.usefixtures("full")
def test_a_tail_cut_off_anywhere_is_found_by_the_anchors(registry, attempt, data):
    """With all that the rows cut off had written, and with the head record mended."""
    audit, head = (
        schema(registry.dialect).tables[name] for name in ("audit_event", "audit_head")
    )
    with attempt() as connection:
        anchors = UnitOfWork(connection).audit.heads()
        chain = data.draw(st.sampled_from(anchors))
        left = data.draw(st.integers(0, chain.sequence - 1))
        mine = [audit.c.site == chain.site, audit.c.trial == chain.trial]
        connection.execute(delete(audit).where(*mine, audit.c.sequence > left))
        last = connection.scalar(
            select(audit.c.row_hash).where(*mine, audit.c.sequence == left)
        )
        connection.execute(
            update(head)
            .where(head.c.site == chain.site, head.c.trial == chain.trial)
            .values(sequence=left, row_hash=last or "0" * 64)
        )
        reports = verify_audit(UnitOfWork(connection), anchors=anchors)

    broken = {(r.site, r.trial): r.break_ for r in reports if r.break_}
    assert broken[chain.site, chain.trial].sequence == left + 1
