"""What stands is changed with a reason, or not at all."""

from datetime import timedelta

import pytest

from registry.domain.delegation import Duty
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.usecases.exclude_allocation import ExcludeAllocation, exclude_allocation
from registry.usecases.keep_delegations import (
    AddDelegation,
    DelegationKept,
    EndDelegation,
    add_delegation,
    end_delegation,
)
from registry.usecases.record_answer import AnswerRecorded, AnswerRefused
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from streams.vocabulary.errors import ErrorCode, Refused


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("reason", [None, "", " \t"])
def test_an_answer_that_counts_is_not_changed_without_a_reason(bedside, sql, reason):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.answer("dying", "TRUE", reason=None)

    changed = bedside.answer("dying", "FALSE", reason=reason)

    assert isinstance(changed, AnswerRefused)
    assert changed.obstacle.code is ErrorCode.REASON_MISSING
    assert sql("SELECT truth FROM human_answer") == [("TRUE",)]


def test_the_same_answer_again_or_a_new_one_with_a_reason_is_taken(bedside):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())

    done = [
        bedside.answer("dying", "TRUE", reason=None),
        bedside.answer("dying", "TRUE", reason=None),
        bedside.answer("dying", "FALSE", reason="the family was heard"),
    ]

    assert all(isinstance(one, AnswerRecorded) for one in done)
    assert bedside.broken_chains() == []


def test_an_opinion_beside_the_machines_verdict_counts_not_and_owes_none(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())

    for truth in ("TRUE", "FALSE"):
        assert bedside.answer("adult", truth, reason=None).is_opinion


def test_a_delegation_does_not_end_without_a_reason(bedside, registry):
    bedside.open_trial()
    place = {"trial": "TIDE", "site": "A", "actor": "principal"}
    with registry.transaction() as uow:
        added = add_delegation(
            AddDelegation(
                person="doctor",
                duties=(Duty.RANDOMISE,),
                starts_at=bedside.noon,
                at=bedside.noon,
                **place,
            ),
            uow,
        ).delegation
    end = {"entry": added.entry, "ends_at": bedside.noon + HOUR, "at": bedside.noon}
    with registry.transaction() as uow:
        refused = end_delegation(EndDelegation(reason=" ", **end, **place), uow)
        kept = end_delegation(EndDelegation(reason="moved", **end, **place), uow)

    assert refused.obstacle.code is ErrorCode.REASON_MISSING
    assert isinstance(kept, DelegationKept)


@pytest.mark.parametrize("reason", ["", "  "])
@pytest.mark.parametrize("act", ["mode", "light", "pause", "exclusion"])
def test_no_order_that_changes_something_goes_without_a_reason(
    lived, registry, reason, act
):
    told = {"reason": reason, "actor": "sponsor", "at": lived.noon}
    acts = {
        "mode": (set_mode, SetMode(mode=Mode.DEMO, **told)),
        "light": (
            set_green_light,
            SetGreenLight(trial="TIDE", site="A", given=False, **told),
        ),
        "pause": (
            set_pause,
            SetPause(trial="TIDE", place=Place(domain="fluids"), paused=True, **told),
        ),
        "exclusion": (
            exclude_allocation,
            ExcludeAllocation(
                trial="TIDE", domain="fluids", participant="TIDE-A-0001", **told
            ),
        ),
    }
    use_case, command = acts[act]
    with registry.inspection() as uow:
        before = uow.audit.heads()

    with pytest.raises(Refused) as why, registry.transaction() as uow:
        use_case(command, uow)

    assert why.value.code is ErrorCode.REASON_MISSING
    with registry.inspection() as uow:
        assert uow.audit.heads() == before
