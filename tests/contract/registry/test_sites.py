"""Green lights, the delegation log, signatures, and strata that are waited for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.delegation import Duty
from registry.domain.mode import Mode
from registry.usecases.keep_delegations import (
    AddDelegation,
    DelegationKept,
    DelegationRefused,
    EndDelegation,
    add_delegation,
    end_delegation,
)
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.set_green_light import GreenLightRefused, GreenLightSet
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.sign_eligibility import (
    EligibilitySigned,
    SignEligibility,
    SigningRefused,
    sign_eligibility,
)
from streams.vocabulary.errors import ErrorCode


HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
INSTANT = timedelta.resolution


def names(done):
    assert isinstance(done, NotRandomised)
    return [o.name for o in done.gate.obstacles]


def delegate(bedside, person="doctor", *duties, ends=None, starts=timedelta(0)):
    command = AddDelegation(
        trial="TIDE",
        site="A",
        person=person,
        duties=duties or (Duty.SIGN_ELIGIBILITY,),
        starts_at=bedside.noon + starts,
        ends_at=None if ends is None else bedside.noon + ends,
        actor="principal",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        return add_delegation(command, uow)


def end(bedside, entry, after):
    command = EndDelegation(
        trial="TIDE",
        site="A",
        entry=entry,
        ends_at=bedside.noon + after,
        reason="left",
        actor="principal",
        at=bedside.noon + after,
    )
    with bedside.registry.transaction() as uow:
        return end_delegation(command, uow)


def sign(bedside, person="doctor", *, patient="p1", after=30 * MINUTE):
    command = SignEligibility(
        site="A",
        patient=patient,
        trial="TIDE",
        domain="fluids",
        episode="e1",
        actor=person,
        at=bedside.noon + after,
    )
    with bedside.registry.transaction() as uow:
        return sign_eligibility(command, uow)


@pytest.fixture
def signing(bedside):
    """Of TIDE, which asks for a signature."""
    bedside.declare(requires_signature=True)
    bedside.admit("p1")
    return bedside


def test_no_site_recruits_without_a_green_light(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    bedside.light(given=False)

    assert names(bedside.randomise()) == ["no_green_light"]
    assert isinstance(bedside.light(), GreenLightSet)
    assert isinstance(bedside.randomise(), Randomised)
    assert bedside.broken_chains() == []


def test_a_green_light_is_of_one_site_and_one_trial(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    bedside.light(given=False)
    bedside.light(site="B")
    bedside.light(trial="WAVE")

    assert names(bedside.randomise()) == ["no_green_light"]


def test_to_give_what_stands_changes_nothing(bedside, sql):
    bedside.open_trial()

    again = bedside.light()

    assert (again.given, again.changed) == (True, False)
    assert sql("SELECT count(*) FROM green_light") == [(1,)]


def test_a_site_the_protocol_does_not_name_gets_none(bedside):
    bedside.declare(sites=[{"id": "B"}])

    done = bedside.light()

    assert isinstance(done, GreenLightRefused)
    assert done.obstacle.code is ErrorCode.SITE_CLOSED


def test_live_a_signature_is_wanted_where_the_protocol_asks_for_it(signing):
    delegate(signing)
    assert names(signing.randomise()) == ["not_signed"]

    assert isinstance(sign(signing), EligibilitySigned)

    assert isinstance(signing.randomise(), Randomised)
    assert signing.broken_chains() == []


def test_where_the_protocol_asks_for_none_none_is_wanted(bedside):
    bedside.open_trial()
    bedside.admit("p1")

    assert isinstance(bedside.randomise(), Randomised)


def test_a_demonstration_wants_no_signature(bedside):
    bedside.declare(requires_signature=True)
    with bedside.registry.transaction() as uow:
        set_mode(
            SetMode(mode=Mode.DEMO, reason="a test", actor="admin", at=bedside.noon),
            uow,
        )
    bedside.hear(replace(bedside.verdict(), provenance="simulated"))
    bedside.consent()

    assert isinstance(bedside.randomise(), Randomised)


@pytest.mark.parametrize(
    ("duties", "starts", "ends"),
    [
        ((Duty.TAKE_CONSENT, Duty.RANDOMISE), timedelta(0), None),
        ((), HOUR, None),
        ((), timedelta(0), 30 * MINUTE),
    ],
    ids=["another duty", "not yet", "no more"],
)
def test_only_who_is_delegated_then_signs(signing, duties, starts, ends):
    delegate(signing, "doctor", *duties, starts=starts, ends=ends)

    done = sign(signing)

    assert isinstance(done, SigningRefused)
    assert done.obstacle.code is ErrorCode.NOT_DELEGATED


def test_nobody_signs_by_the_delegation_of_another(signing):
    delegate(signing, "somebody else")

    assert isinstance(sign(signing), SigningRefused)


def test_a_signature_of_whose_delegation_has_ended_opens_nothing(signing):
    entry = delegate(signing).delegation.entry
    sign(signing)
    end(signing, entry, 45 * MINUTE)

    assert names(signing.randomise()) == ["signer_not_delegated"]
    delegate(signing, "colleague", starts=45 * MINUTE)
    assert isinstance(sign(signing, "colleague", after=50 * MINUTE), EligibilitySigned)
    assert isinstance(signing.randomise(), Randomised)


def test_what_changed_since_is_not_what_was_signed(signing):
    delegate(signing)
    sign(signing)
    signing.hear(signing.verdict(revision=1, stratum=(("shock", "no"),)))

    assert names(signing.randomise()) == ["signed_something_else"]
    sign(signing)
    assert isinstance(signing.randomise(), Randomised)


def test_a_revision_that_says_the_same_undoes_no_signature(signing):
    delegate(signing)
    sign(signing)
    signing.hear(signing.verdict(revision=1))

    assert isinstance(signing.randomise(), Randomised)


@pytest.mark.parametrize(
    ("status", "code"),
    [("ineligible", "EMB-306"), ("needs_data", "EMB-306")],
)
def test_only_the_eligible_are_signed(signing, status, code):
    delegate(signing)
    signing.hear(signing.verdict(revision=1, status=status))

    assert sign(signing).obstacle.code == code
    assert sign(signing, patient="p9").obstacle.code == "EMB-320"


def test_an_entry_ends_once_and_its_end_is_never_put_off(bedside):
    bedside.open_trial()
    entry = delegate(bedside, ends=3 * HOUR).delegation.entry

    assert isinstance(end(bedside, entry, HOUR), DelegationKept)
    assert end(bedside, entry, 2 * HOUR).obstacle.name == "has_ended"
    assert end(bedside, "no such entry", HOUR).obstacle.name == "no_such_entry"
    assert bedside.broken_chains() == []


@pytest.mark.parametrize(
    ("ends", "starts", "name"),
    [(timedelta(0), timedelta(0), "ends_before_it_begins")],
)
def test_an_entry_that_can_hold_nothing_is_refused(bedside, ends, starts, name):
    done = delegate(bedside, ends=ends, starts=starts)

    assert isinstance(done, DelegationRefused)
    assert done.obstacle.name == name


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE delegation SET duties = 'sign_eligibility,prescribe'",
        "UPDATE eligibility_signature SET signer = 'another'",
        "DELETE FROM eligibility_signature",
        "UPDATE green_light SET given = NOT given",
        "DELETE FROM green_light",
    ],
)
def test_a_log_changed_past_the_audit_is_found(signing, tamper, statement):
    delegate(signing)
    sign(signing)
    assert signing.broken_chains() == []

    tamper(statement)

    assert [(r.site, r.trial) for r in signing.broken_chains()] == [("A", "TIDE")]


def test_a_duty_nobody_knows_is_a_break_that_names_its_row(signing, tamper):
    delegate(signing)

    tamper("UPDATE delegation SET duties = 'fly'")

    (found,) = signing.broken_chains()
    assert "cannot be read" in found.break_.reason


STRATUM = {
    "id": "phenotype",
    "rule": {"kind": "phenotype", "classifier": "seneca", "is": "delta"},
    "within": "2 h",
}
WAITING = {
    "stratum": (("phenotype", "UNKNOWN"),),
    "definitions": (("seneca:ember", "3"),),
}


@pytest.fixture
def waiting(bedside):
    """Of TIDE, whose stratum is an assay's result that is waited for two hours."""
    bedside.declare(domains=[{"id": "fluids", "strata": [STRATUM]}])
    bedside.hear(bedside.verdict(**WAITING))
    bedside.consent()
    return bedside


def pending(bedside, after):
    with bedside.registry.reading() as views:
        return [
            (v.factor, v.state.value, v.waited_until, v.classifiers)
            for v in views.strata(at=bedside.noon + after)
        ]


def test_a_stratum_that_has_not_come_is_waited_for_and_times_out(waiting):
    until = waiting.noon + 2 * HOUR
    by = (("seneca:ember", "3"),)

    assert pending(waiting, 2 * HOUR) == [("phenotype", "pending", until, by)]
    assert names(waiting.randomise(at=until)) == ["stratum_unknown"]
    late = 2 * HOUR + INSTANT
    assert pending(waiting, late) == [("phenotype", "timed_out", until, by)]
    assert names(waiting.randomise(at=waiting.noon + late)) == ["stratum_timed_out"]
    assert pending(waiting, 7 * HOUR) == []


def test_a_stratum_that_comes_opens_the_gate(waiting):
    known = (("phenotype", "delta"),)
    waiting.hear(waiting.verdict(revision=1, **(WAITING | {"stratum": known})))

    done = waiting.randomise(at=waiting.noon + HOUR)

    assert isinstance(done, Randomised)
    assert done.stratum == "phenotype=delta"
    assert pending(waiting, HOUR) == []


def test_the_calendar_epoch_is_frozen(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")
    done = bedside.randomise()

    with registry.inspection() as uow:
        assert uow.allocations.one(done.randomisation_id).epoch == "2026-03"
