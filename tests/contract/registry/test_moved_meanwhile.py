"""What the gate looked at before the locks and what moved until it had them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from fractions import Fraction

import psycopg
import pytest

from registry.domain.consent import ConsentState
from registry.domain.delegation import Duty
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign
from registry.domain.randomisation.methods import Adaptive, Limit, Minimised, Simple
from registry.domain.randomisation.vector import by_ratio
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.at_the_gate import look
from registry.usecases.keep_delegations import (
    AddDelegation,
    EndDelegation,
    add_delegation,
    end_delegation,
)
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.sign_eligibility import SignEligibility, sign_eligibility
from registry.usecases.stream_state import ArchivedEvent
from streams.vocabulary.events import PatientMerge


MINUTE = timedelta(minutes=1)
TWO = by_ratio([("restrictive", 1), ("standard", 1)])
ADAPTIVE = Adaptive(
    initial=TWO, limits=tuple((arm, Limit(floor=Fraction(1, 10))) for arm, _ in TWO)
)
MINIMISED = Minimised(
    weights=(("shock", Fraction(1)),), spread="range", p=Fraction(4, 5)
)


@dataclass
class Within:
    """A registry whose every act belongs to one transaction."""

    uow: object

    @contextmanager
    def transaction(self):
        yield self.uow


def told(bedside, act, command):
    with bedside.registry.transaction() as uow:
        return act(command, uow)


def plain(bedside):
    bedside.open_trial()
    bedside.admit("p1")


def asked(bedside):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.consent()
    bedside.answer("equipoise", "TRUE", at=bedside.noon)
    bedside.answer("dying", "FALSE", at=bedside.noon)


def delegated(bedside):
    bedside.declare(requires_signature=True)
    bedside.admit("p1")
    command = AddDelegation(
        trial="TIDE",
        site="A",
        person="doctor",
        duties=(Duty.SIGN_ELIGIBILITY,),
        starts_at=bedside.noon,
        actor="principal",
        at=bedside.noon,
    )
    return told(bedside, add_delegation, command).delegation.entry


def signed(bedside):
    entry = delegated(bedside)
    sign(bedside)
    return entry


def sign(bedside, _entry=None):
    command = SignEligibility(
        site="A",
        patient="p1",
        trial="TIDE",
        domain="fluids",
        episode="e1",
        actor="doctor",
        at=bedside.noon + MINUTE,
    )
    return told(bedside, sign_eligibility, command)


def end(bedside, entry):
    command = EndDelegation(
        trial="TIDE",
        site="A",
        entry=entry,
        ends_at=bedside.noon + 2 * MINUTE,
        reason="left",
        actor="principal",
        at=bedside.noon + 2 * MINUTE,
    )
    return told(bedside, end_delegation, command)


def merge(bedside, survivor, retired):
    said = {"event_id": "adt", "happened_at": bedside.noon, "known_at": bedside.noon}
    event = PatientMerge(**said, retired=retired)
    copy = PatientMerge(**said, retired=retired, origin=survivor)
    bedside.hear(
        archive=[
            ArchivedEvent("A", survivor, "m", "live", event),
            ArchivedEvent("A", retired, "m", "live", copy),
        ]
    )


def two_names(bedside):
    plain(bedside)
    merge(bedside, "p1", "p2")


def rivals(bedside):
    bedside.declare("TIDE", co_enrolment={"excludes": ["WAVE"]})
    bedside.declare("WAVE")
    bedside.hear(bedside.verdict(), bedside.verdict(trial="WAVE"))
    bedside.consent()
    bedside.consent(trial="WAVE")


def pause(bedside, **place):
    command = SetPause(
        trial="TIDE",
        place=Place(**place),
        paused=True,
        reason="safety",
        actor="sponsor",
        at=bedside.noon,
    )
    return told(bedside, set_pause, command)


def silence(bedside):
    command = SetMode(mode=Mode.SILENT, reason="drill", actor="admin", at=bedside.noon)
    return told(bedside, set_mode, command)


def amend(bedside):
    command = bedside.protocol(bedside.fluids, protocol_hash="hash-2")
    with bedside.registry.transaction() as uow:
        return activate_protocol(command, uow, signer=bedside.signer)


def publish(bedside):
    command = PublishVector(
        trial="TIDE",
        domain="fluids",
        stratum=None,
        analysis_id="interim-1",
        data_cut=bedside.noon,
        p_best={"standard": 0.9, "restrictive": 0.1},
        shares=None,
        actor="statistician",
        at=bedside.noon,
    )
    return told(bedside, publish_vector, command).vector.vector_id


def by(bedside, method, *more):
    return replace(bedside.fluids, method=method, arms=(*bedside.fluids.arms, *more))


NUMBERED = {
    "verdict": (
        plain,
        lambda b, _: b.hear(b.verdict(revision=1, status="ineligible")),
        "not_eligible",
    ),
    "consent": (
        plain,
        lambda b, _: b.consent(state=ConsentState.WITHDRAWN),
        "no_consent",
    ),
    "mode": (plain, lambda b, _: silence(b), "mode_forbids"),
    "protocols": (plain, lambda b, _: amend(b), "screened_by_another_protocol"),
    "pauses": (plain, lambda b, _: pause(b, domain="fluids"), "domain_closed"),
    "green_lights": (plain, lambda b, _: b.light(given=False), "no_green_light"),
    "delegations": (signed, end, "signer_not_delegated"),
    "answers": (asked, lambda b, _: b.answer("dying", "TRUE"), "not_eligible"),
    "opt_outs": (plain, lambda b, _: b.opt_out(trial="TIDE"), "declined_before"),
    "merges": (plain, lambda b, _: merge(b, "p9", "p1"), "patient_retired"),
}
"""By the number that moves: what was before, the act, the obstacle that follows."""
WITHOUT = {
    "another name": (
        two_names,
        lambda b, _: b.opt_out("p2", trial="TIDE"),
        "declined_before",
    ),
    "a trial that is excluded": (
        rivals,
        lambda b, _: b.randomise(trial="WAVE"),
        "takes_part_elsewhere",
    ),
}
"""What no number tells of."""
OPENS = {
    "signatures": (delegated, sign),
    "vectors": (
        lambda b: (b.open_trial(by(b, ADAPTIVE)), b.admit("p1")),
        lambda b, _: publish(b),
    ),
    "alerts": (plain, lambda b, _: b.hear(b.verdict(episode="e2"))),
    "drawn": (plain, lambda b, _: b.randomise()),
    "requests": (plain, lambda b, _: b.randomise()),
    "participant": (
        lambda b: (b.open_trial(), b.hear(b.verdict())),
        lambda b, _: b.consent(),
    ),
    "is_open": (plain, lambda b, _: close(b)),
}


def close(bedside):
    design = replace(bedside.fluids, open=False)
    command = bedside.protocol(design, protocol_hash="hash-2")
    with bedside.registry.transaction() as uow:
        return activate_protocol(command, uow, signer=bedside.signer)


def numbers(bedside):
    with bedside.registry.transaction() as uow:
        return uow.gate.standing(bedside.command().whom)


def test_every_number_is_tried(bedside):
    plain(bedside)

    assert {*NUMBERED, *OPENS} == {f.name for f in fields(numbers(bedside))}


@pytest.mark.parametrize("number", [*NUMBERED, *OPENS])
def test_what_the_gate_looks_at_has_a_number_that_moves(bedside, number):
    prepare, act, *_ = {**NUMBERED, **OPENS}[number]
    prepared = prepare(bedside)
    before = numbers(bedside)
    assert before == numbers(bedside)

    act(bedside, prepared)

    assert getattr(before, number) != getattr(numbers(bedside), number)


@pytest.mark.parametrize("prepare", [plain, two_names, rivals])
def test_of_whom_the_numbers_do_not_tell_all_is_known(bedside, prepare):
    prepare(bedside)

    with bedside.registry.transaction() as uow:
        assert look(bedside.command(), uow).alone is (prepare is plain)


def waited(url, bedside_of, prepare, act):
    """What a randomisation gets that waited for its locks while this was done."""
    with ThreadPoolExecutor(1) as pool:
        opened = open_registry(url)
        try:
            bedside = bedside_of(opened)
            prepared = prepare(bedside)
            with opened.transaction() as uow:
                uow.protocols.hold("TIDE")
                waiting = pool.submit(bedside.randomise, "p1")
                wait_for_a_waiter(url)
                done = act(bedside_of(Within(uow)), prepared)
            result = waiting.result(60)
            assert not bedside.broken_chains()
            with opened.transaction() as uow:
                name = getattr(result, "randomisation_id", "")
                return done, result, uow.allocations.one(name)
        finally:
            opened.close()


def wait_for_a_waiter(url):
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_locks WHERE NOT granted"
        while connection.execute(query).fetchone() is None:
            pass


@pytest.mark.postgres
@pytest.mark.parametrize("moved", [*NUMBERED, *WITHOUT])
def test_what_moves_while_the_locks_are_waited_for_is_seen(postgres, bedside_of, moved):
    prepare, act, obstacle = {**NUMBERED, **WITHOUT}[moved]
    with postgres.database() as url:
        _, result, _ = waited(url, bedside_of, prepare, act)

    assert isinstance(result, NotRandomised)
    assert obstacle in {one.name for one in result.gate.obstacles}


@pytest.mark.postgres
def test_who_waited_while_nothing_moved_is_randomised(postgres, bedside_of):
    with postgres.database() as url:
        _, result, _ = waited(url, bedside_of, plain, lambda _b, _p: None)

    assert isinstance(result, Randomised)


@pytest.mark.postgres
@pytest.mark.parametrize("method", [Simple(), MINIMISED], ids=["simple", "minimised"])
def test_who_waits_for_a_pause_of_an_arm_is_drawn_among_the_others(
    postgres, bedside_of, method
):
    def prepare(bedside):
        bedside.open_trial(by(bedside, method, ArmDesign("albumin")))
        bedside.admit("p1")

    with postgres.database() as url:
        _, result, kept = waited(
            url,
            bedside_of,
            prepare,
            lambda b, _: pause(b, domain="fluids", arm="albumin"),
        )

    assert isinstance(result, Randomised)
    assert result.arm in {"restrictive", "standard"}
    assert dict(kept.ratio) == {"restrictive": 1, "standard": 1}
    assert ("albumin", False, True) in kept.availability


@pytest.mark.postgres
def test_who_waits_for_a_vector_is_drawn_by_it(postgres, bedside_of):
    with postgres.database() as url:
        vector_id, _, kept = waited(url, bedside_of, *OPENS["vectors"])

    assert kept.vector_id == vector_id
