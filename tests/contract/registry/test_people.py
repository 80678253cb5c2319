"""Participants, consent and answers, and what the views show of them."""

import pytest

from registry.domain.consent import ConsentState
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.randomise import NotRandomised
from registry.usecases.record_answer import AnswerRefused
from registry.usecases.record_consent import ConsentRecorded, ConsentRefused
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, SettingsError


def test_the_first_consent_act_makes_a_participant_with_a_running_number(bedside):
    bedside.open_trial()

    codes = [bedside.consent(p).participant for p in ("p9", "p3", "p9-again")]

    assert codes == ["TIDE-A-0001", "TIDE-A-0002", "TIDE-A-0003"]


def test_consent_is_appended_and_the_latest_stands(bedside, registry):
    bedside.open_trial()
    for state in (ConsentState.ASKED, ConsentState.GIVEN, ConsentState.WITHDRAWN):
        assert isinstance(bedside.consent(state=state), ConsentRecorded)

    with registry.reading() as views:
        history = views.consents("A", "p1")
        (row,) = views.participants()
        assert views.flow()[0].withdrawn == 1
    assert [c.revision for c in history] == [1, 2, 3]
    assert row.consent is ConsentState.WITHDRAWN


def test_a_step_that_does_not_exist_is_refused_and_changes_nothing(bedside, registry):
    bedside.open_trial()
    first = bedside.consent(state=ConsentState.WITHDRAWN)
    bedside.consent()
    second = bedside.consent(state=ConsentState.ASKED)

    assert isinstance(first, ConsentRefused)
    assert first.participant is None
    assert isinstance(second, ConsentRefused)
    assert second.participant == "TIDE-A-0001"
    assert second.obstacle.code is ErrorCode.CONSENT_STEP
    with registry.reading() as views:
        assert len(views.consents("A", "p1")) == 1


def test_nobody_consents_in_the_future(bedside, registry):
    bedside.open_trial()
    refused = bedside.consent(at=bedside.noon, decided_at=bedside.noon + HOUR)

    assert refused.obstacle.name == "decided_in_the_future"
    with registry.reading() as views:
        assert views.participants() == ()


def test_an_answer_needs_a_screening_and_a_question_it_asks(bedside):
    bedside.open_trial()
    unknown = bedside.answer("equipoise", "TRUE")
    bedside.hear(bedside.needs_human())
    not_asked = bedside.answer("adult", "TRUE")

    assert isinstance(unknown, AnswerRefused)
    assert unknown.obstacle.code is ErrorCode.UNKNOWN_SCREENING
    assert not_asked.obstacle.code is ErrorCode.UNKNOWN_CRITERION


def test_the_latest_answer_counts_and_the_earlier_stay(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    first = bedside.answer("dying", "TRUE")
    second = bedside.answer("dying", "FALSE")

    assert (first.status, second.status) == ("ineligible", "needs_human")
    assert (first.revision, second.revision) == (1, 2)
    with registry.reading() as views:
        assert [a.truth for a in views.answers("A", "p1")] == ["TRUE", "FALSE"]


def test_the_views_show_arms_to_whom_they_are_due_only(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    done = bedside.randomise("p1")

    with registry.reading() as views:
        blind = {row.patient: row for row in views.participants()}
        seen = {row.patient: row for row in views.participants(may_see_arms=True)}
        assert views.flow()[0].by_arm == ()
        assert views.flow(may_see_arms=True)[0].by_arm == ((done.arm, 1),)
        assert views.flow("OTHER") == views.participants("OTHER") == ()
    assert blind["p1"].arm is None
    assert seen["p1"].arm == done.arm
    assert (seen["p2"].domain, seen["p2"].arm) == (None, None)
    assert seen["p1"].consent is ConsentState.GIVEN


def test_the_protocol_is_activated_once_and_its_key_committed_to(
    bedside, registry, sql
):
    first = bedside.open_trial()
    with registry.transaction() as uow:
        again = activate_protocol(
            bedside.protocol(bedside.fluids), uow, signer=bedside.signer
        )

    assert (first.changed, again.changed) == (True, False)
    (detail,) = sql(
        "SELECT detail FROM audit_event WHERE action = 'protocol:activated'"
    )[0]
    assert bedside.signer.commitment("TIDE") in detail
    with registry.reading() as views:
        assert [p.protocol_hash for p in views.protocols()] == ["hash-1"]


def test_a_domain_the_new_version_does_not_name_is_closed(bedside, registry):
    bedside.open_trial()
    bedside.admit("p1")
    with registry.transaction() as uow:
        amended = bedside.protocol(protocol_hash="hash-2")
        activate_protocol(amended, uow, signer=bedside.signer)
    bedside.hear(bedside.verdict(revision=1, protocol_hash="hash-2"))

    refused = bedside.randomise()

    assert isinstance(refused, NotRandomised)
    assert [o.name for o in refused.gate.obstacles] == ["domain_closed"]


def test_a_trial_without_a_key_is_not_activated(bedside):
    bedside.signer = type(bedside.signer)({})

    with pytest.raises(SettingsError) as fault:
        bedside.open_trial()

    assert fault.value.code is ErrorCode.SECRET_MISSING


def test_consent_without_a_basis_is_none(bedside, registry):
    bedside.open_trial()
    refused = bedside.consent(basis=None)

    assert refused.obstacle.name == "no_basis"
    with registry.reading() as views:
        assert views.participants() == ()
