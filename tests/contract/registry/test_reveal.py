"""An arm of a deferred domain is drawn, told to nobody, and revealed or never."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.domain.consent import ConsentState
from registry.domain.extracts import COLUMNS, Cut, Extract
from registry.domain.protocol import ArmDesign
from registry.store.extracts import Wanted
from registry.usecases.randomise import NotRandomised
from registry.usecases.reveal_arm import NotRevealed, RevealArm, reveal_arm
from registry.usecases.verify_randomisation import verify_randomisation
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused


ARMS = ("zephyr", "quartz")


@pytest.fixture
def deferring(bedside):
    """Two patients of whom only a human can say whether they are eligible."""
    design = replace(bedside.fluids, arms=tuple(map(ArmDesign, ARMS)), deferred=True)
    bedside.open_trial(design)
    bedside.hear(bedside.needs_human("p1"), bedside.needs_human("p2"))
    bedside.consent("p1")
    bedside.consent("p2")
    return bedside


def confirm(bedside, patient="p1"):
    bedside.answer("equipoise", "TRUE", patient)
    bedside.answer("dying", "FALSE", patient)


def reveal(bedside, participant, domain="fluids", at=2 * HOUR):
    command = RevealArm(
        trial="TIDE",
        domain=domain,
        participant=participant,
        reason=None,
        actor="doctor",
        at=bedside.noon + at,
    )
    with bedside.registry.transaction() as uow:
        return reveal_arm(command, uow)


def waiting(bedside):
    with bedside.registry.inspection() as uow:
        return [one.participant for one in uow.reveals.waiting("TIDE")]


def surfaces(bedside, registry_url, sql):
    """All that anybody but the signer may read of this trial, in one text."""
    with bedside.registry.reading() as views:
        told = [
            views.participants(may_see_arms=True),
            [(d.domain, d.by_arm) for d in views.flow(may_see_arms=True)],
            [(d.domain, d.by_arm) for d in views.flow_at(bedside.noon + 3 * HOUR)],
        ]
    for table in ("randomisation", "outbox", "open_label_arm", "domain_answer"):
        ratio = "REPLACE(REPLACE(ratio, 'zephyr', ''), 'quartz', '')"
        shown = (
            f"randomisation_id, deferred, {ratio}" if table == "randomisation" else "*"
        )
        if table == "outbox":
            shown = "payload"
        where = " WHERE topic <> 'trial.protocols'" if table == "outbox" else ""
        told.append(sql(f"SELECT {shown} FROM {table}{where}"))
    told.append(
        sql("SELECT detail FROM audit_event WHERE action <> 'protocol:activated'")
    )
    words = ("reveal", "list", "--trial", "TIDE", "--registry", registry_url)
    told.append(CliRunner().invoke(ember, words).output)
    return str(told)


def test_the_arm_is_in_no_surface_until_it_is_revealed(deferring, registry_url, sql):
    done = deferring.randomise("p1")
    again = deferring.randomise("p1")
    hidden = surfaces(deferring, registry_url, sql)

    assert (done.arm, again.arm) == (None, None)
    assert done.participant in hidden
    assert not any(arm in hidden for arm in ARMS)
    confirm(deferring)
    assert not any(arm in surfaces(deferring, registry_url, sql) for arm in ARMS)

    told = reveal(deferring, done.participant)

    assert told.arm in ARMS
    assert deferring.randomise("p1").arm == told.arm
    assert told.arm in surfaces(deferring, registry_url, sql)
    assert not deferring.broken_chains()


def test_what_was_not_known_of_eligibility_at_the_draw_is_kept_as_unknown(deferring):
    done = deferring.randomise("p1")
    confirm(deferring, "p2")
    known = deferring.randomise("p2")

    with deferring.registry.inspection() as uow:
        kept = [
            uow.allocations.one(one.randomisation_id).availability
            for one in (done, known)
        ]
    assert kept == [tuple((arm, True, may) for arm in ARMS) for may in (None, True)]
    assert not deferring.broken_chains()


def exported(bedside, at, name="arm"):
    """By participant, a column of an extract cut at `at`."""
    cut = Cut(recorded_until=at, happened_until=at)
    wanted = Wanted(extract=Extract.PARTICIPANTS, cut=cut, arms=True)
    place = [column.name for column in COLUMNS[Extract.PARTICIPANTS]].index(name)
    with bedside.registry.extracts() as extracts:
        return {row[0]: row[place] for row in extracts.rows(wanted)}


def test_an_extract_of_before_tells_the_arm_as_little_afterwards(deferring):
    drawn = deferring.randomise("p1")
    confirm(deferring)
    told = reveal(deferring, drawn.participant, at=2 * HOUR)
    earlier, later = deferring.noon + HOUR, deferring.noon + 3 * HOUR

    assert exported(deferring, earlier)[drawn.participant] is None
    assert exported(deferring, later)[drawn.participant] == told.arm
    revealed = {
        at: exported(deferring, at, "revealed_at")[drawn.participant]
        for at in (earlier, later)
    }
    assert revealed == {earlier: None, later: deferring.noon + 2 * HOUR}


def test_it_is_revealed_once_eligibility_and_consent_stand_and_told_again(deferring):
    drawn = deferring.randomise("p1")

    early = reveal(deferring, drawn.participant)
    confirm(deferring)
    told = reveal(deferring, drawn.participant)
    again = reveal(deferring, drawn.participant, at=3 * HOUR)

    assert isinstance(early, NotRevealed)
    assert {one.name for one in early.gate.obstacles} == {"human_answer_missing"}
    assert again == replace(told, repeated=True)
    assert not deferring.broken_chains()


@pytest.mark.parametrize("why", ["ineligible", "withdrawn"])
def test_an_arm_may_never_be_revealed_and_that_is_told(deferring, why):
    drawn = deferring.randomise("p1")
    if why == "ineligible":
        deferring.answer("dying", "TRUE")
    else:
        confirm(deferring)
        deferring.consent("p1", ConsentState.WITHDRAWN, at=deferring.noon + HOUR)

    done = reveal(deferring, drawn.participant)

    assert isinstance(done, NotRevealed)
    assert waiting(deferring) == [drawn.participant]
    assert deferring.randomise("p1").arm is None
    with deferring.registry.reading() as views:
        (flow,) = views.flow_at(deferring.noon + 3 * HOUR)
    assert flow.arm_not_shown == 1


def test_the_flow_of_a_past_moment_shows_no_arm_that_was_hidden_then(deferring):
    drawn = deferring.randomise("p1")
    confirm(deferring)
    reveal(deferring, drawn.participant)

    with deferring.registry.reading() as views:
        (before,) = views.flow_at(deferring.noon + HOUR)
        (after,) = views.flow_at(deferring.noon + 2 * HOUR)

    assert (before.by_arm, before.arm_not_shown) == ((), 1)
    assert (sum(n for _, n in after.by_arm), after.arm_not_shown) == (1, 0)


def test_who_is_known_to_be_ineligible_is_not_drawn(deferring):
    deferring.answer("dying", "TRUE")

    assert isinstance(deferring.randomise("p1"), NotRandomised)


def test_draws_are_verified_whether_revealed_or_not(deferring):
    drawn = deferring.randomise("p1")
    deferring.randomise("p2")
    confirm(deferring)
    reveal(deferring, drawn.participant)

    with deferring.registry.inspection() as uow:
        report = verify_randomisation("TIDE", uow, signer=deferring.signer)
    assert (report.holds, report.checked) == (True, 2)


def test_what_was_not_deferred_is_not_revealed(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    drawn = bedside.randomise("p1")

    for participant in (drawn.participant, "nobody"):
        with pytest.raises(Refused) as fault:
            reveal(bedside, participant)
        assert fault.value.code is ErrorCode.REVEAL
