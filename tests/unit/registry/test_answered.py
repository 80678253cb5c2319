"""What a shut gate answers, and in which order domains are drawn."""

from dataclasses import replace
from itertools import permutations

import pytest

from registry.app.trials import design_of
from registry.domain.answered import Answer, draw_order, shut_by
from registry.domain.enrolment import Gate, Obstacle
from registry.domain.kit import KitTerms, StockOut
from registry.domain.protocol import (
    ArmDesign,
    DomainDesign,
    design_document,
    read_design,
)
from registry.domain.randomisation.methods import Simple
from streams.app.protocols import shipped_protocols
from streams.vocabulary.errors import ErrorCode, InputError, ProtocolError
from streams.vocabulary.protocol import Protocol


A = DomainDesign(domain="a", arms=(ArmDesign("x"), ArmDesign("y")), method=Simple())
B = replace(A, domain="b", not_with=(("a", "x"),))
C = replace(A, domain="c")


def gate(*codes, detail=""):
    return Gate(tuple(Obstacle(code, "told", detail) for code in codes))


@pytest.mark.parametrize(
    ("shut", "answer"),
    [
        (gate(ErrorCode.NOT_ELIGIBLE, detail="ineligible"), Answer.NOT_ELIGIBLE),
        (gate(ErrorCode.NOT_ELIGIBLE, detail="needs_data"), Answer.WAITING),
        (gate(ErrorCode.STRATUM_UNKNOWN, ErrorCode.DOMAIN_CLOSED), Answer.PAUSED),
        (gate(ErrorCode.STRATUM_UNKNOWN, ErrorCode.WINDOW_CLOSED), Answer.TOO_LATE),
        (gate(ErrorCode.ARM_EXCLUDES, ErrorCode.NO_CONSENT), Answer.EXCLUDED),
        (gate(ErrorCode.KITS_SHORT), Answer.NO_STOCK),
        (gate(ErrorCode.PROVENANCE), Answer.SHUT),
        (gate(ErrorCode.PROVENANCE, ErrorCode.STRATUM_UNKNOWN), Answer.SHUT),
        (gate(ErrorCode.NO_CONSENT, ErrorCode.PROVENANCE), Answer.SHUT),
    ],
)
def test_what_lasts_is_answered_before_what_passes(shut, answer):
    assert shut_by(shut, ()) is answer


@pytest.mark.parametrize(
    ("stood", "answer"),
    [
        ((("x", True, True), ("y", True, False)), Answer.NOT_ELIGIBLE),
        ((("x", True, True), ("y", False, True)), Answer.PAUSED),
        ((("x", False, None), ("y", True, None)), Answer.PAUSED),
    ],
)
def test_too_few_arms_are_the_patient_s_or_a_pause_s(stood, answer):
    assert shut_by(gate(ErrorCode.TOO_FEW_ARMS), stood) is answer


def test_an_open_gate_has_no_such_answer():
    with pytest.raises(ValueError, match="Gate"):
        shut_by(Gate(), ())


@pytest.mark.parametrize("designs", [*permutations((A, B, C))])
def test_a_domain_is_drawn_after_those_whose_arms_may_shut_it(designs):
    assert draw_order(designs) == ("a", "b", "c")
    late = [replace(A, domain="z"), replace(B, not_with=(("z", "x"),))]
    assert draw_order(late) == ("z", "b")


def test_two_that_wait_for_each_other_are_refused_unless_one_is_closed():
    ring = (replace(A, not_with=(("b", "x"),)), B)
    with pytest.raises(ProtocolError):
        draw_order(ring)
    assert draw_order((replace(ring[0], open=False), B)) == ("a", "b")


def test_a_design_comes_back_as_it_was_written_and_an_older_one_is_read():
    told = replace(
        B,
        blinded=True,
        kits=KitTerms(stock_out=StockOut.ELSEWHERE, treatment_days=7),
    )
    deferred = replace(A, deferred=True)

    assert read_design(design_document(told)) == told
    assert read_design(design_document(deferred)) == deferred
    assert not {"kits", "not_with", "deferred"} & set(design_document(A))


def document(**changed):
    """The demonstration's protocol with a second domain that declares this."""
    (demo,) = (p for p in shipped_protocols() if p.id == "ember-demo")
    told = demo.model_dump(mode="json")
    first = told["domains"][0] | {"blinding": "open_label"}
    arms = [{**arm, "inclusion": [], "exclusion": []} for arm in first["arms"]]
    second = {**first, "id": "second", "arms": arms, "exclusion": [], **changed}
    inclusion = [{**c, "id": f"{c['id']}b"} for c in first["inclusion"]]
    first = {**first, "id": "first"}
    return {**told, "domains": [first, {**second, "inclusion": inclusion}]}


def test_the_document_says_it_and_older_documents_keep_their_hash():
    first_arm = document()["domains"][0]["arms"][0]["id"]
    shut = {"not_with": [{"domain": "first", "arm": first_arm}]}
    kits = {"blinding": "blinded", "kits": {"treatment": "36 h"}}

    assert design_of(Protocol.model_validate(document(**shut)).domains[1]).not_with == (
        ("first", first_arm),
    )
    given = design_of(Protocol.model_validate(document(**kits)).domains[1]).kits
    assert given == KitTerms(stock_out=StockOut.REFUSE, treatment_days=2)
    late = Protocol.model_validate(document(reveal="deferred"))
    assert design_of(late.domains[1]).deferred
    assert "kits" not in Protocol.model_validate(document()).model_dump()["domains"][0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kits": {"treatment": "7 d"}}, "hides no arm"),
        ({"blinding": "blinded", "reveal": "deferred"}, "reveals no arm"),
        ({"not_with": [{"domain": "second", "arm": "x"}]}, "no open-label arm"),
        ({"not_with": [{"domain": "first", "arm": "nobody"}]}, "no open-label arm"),
    ],
)
def test_what_would_tell_a_hidden_arm_is_no_protocol(changed, told):
    with pytest.raises((ValueError, InputError), match=told):
        Protocol.model_validate(document(**changed))
