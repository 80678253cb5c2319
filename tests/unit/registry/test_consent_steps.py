"""Which words of consent may follow which, and what they come to."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from registry.domain.consent import (
    EVERYTHING,
    STEPS,
    ConsentBasis,
    ConsentState,
    Scope,
    Standing,
)
from registry.domain.consent_terms import (
    MODELS,
    Renewal,
    Terms,
    fault,
    older,
    recorded,
    stand,
)
from registry.domain.participant import Consent
from registry.domain.permits import ALL, NOTHING, PERMITS


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANT = timedelta.resolution
DEFERRED, WAIVER = Terms(model="deferred"), Terms(model="waiver")
OPT_OUT = Terms(model="opt_out")

BASES = {basis.value: basis for basis in ConsentBasis}
STATES = {state.value: state for state in ConsentState}


def word(said, hour=0, **rest):
    """One word: a state, or the basis on which consent was given."""
    given = said in BASES
    usual = {
        "consent_id": f"c{hour}",
        "participant": "TIDE-A-0001",
        "revision": hour + 1,
        "state": ConsentState.GIVEN if given else STATES[said],
        "basis": BASES[said] if given else None,
        "document_version": None,
        "decided_at": NOON + hour * HOUR,
        "recorded_at": NOON + hour * HOUR,
        "actor": "nurse",
        "reason": None,
        "deadline": NOON + 72 * HOUR if said == "deferred" else None,
    }
    return Consent(**(usual | rest))


def words(*said):
    return [
        one if isinstance(one, Consent) else word(one, hour)
        for hour, one in enumerate(said)
    ]


def name_of(told):
    return None if told is None else told[0]


def stands(*said, at=NOON + 24 * HOUR, terms=DEFERRED, **rest):
    return stand(recorded(words(*said)), terms, at=at, **rest)


REACHED = {
    Standing.NOT_ASKED: (),
    Standing.ASKED: ("asked",),
    Standing.ASKED_AGAIN: ("refused", "asked"),
    Standing.WAIVED: ("waived",),
    Standing.INFORMED: ("informed",),
    Standing.DEFERRED: ("deferred",),
    Standing.VERBAL: ("verbal",),
    Standing.WRITTEN: ("written",),
    Standing.PROXY: ("proxy",),
    Standing.REGAINED: ("proxy", "regained_capacity"),
    Standing.REFUSED: ("refused",),
    Standing.REFUSED_LATER: ("deferred", "refused"),
    Standing.DIED: ("deferred", "died_before_consent"),
    Standing.WITHDRAWN: ("written", "withdrawn"),
}
EXISTS = {
    "not_asked": "asked waived informed deferred verbal written proxy refused",
    "asked": "deferred verbal written proxy refused",
    "asked_again": "verbal written refused",
    "waived": "verbal written proxy refused withdrawn",
    "informed": "verbal written proxy refused withdrawn",
    "deferred": "verbal written proxy regained_capacity refused died_before_consent "
    "withdrawn",
    "verbal": "written refused withdrawn",
    "written": "refused withdrawn",
    "proxy": "verbal written regained_capacity refused withdrawn",
    "regained_capacity": "verbal written proxy refused died_before_consent withdrawn",
    "refused": "asked",
    "refused_later": "verbal written",
    "died_before_consent": "",
    "withdrawn": "",
}
"""On the same document, by the patient's own no, in a trial that knows every word."""
SAID = [s for s in STATES if s != "given"] + list(BASES)


def steps(said, following):
    """Whether some model of consent knows this step."""
    told = recorded(words(*said))
    return any(
        fault(told, word(following, 9), Terms(model=model)) is None for model in MODELS
    )


@pytest.mark.parametrize(("before", "following"), list(product(REACHED, SAID)))
def test_these_steps_exist_and_no_others(before, following):
    said = REACHED[before]

    assert recorded(words(*said)).standing is before
    assert steps(said, following) == (following in EXISTS[before.value].split())


def test_every_standing_that_is_recorded_has_its_steps_and_permits():
    derived = {Standing.DEFERRED_OVERDUE, Standing.RECONSENT_DUE, Standing.OPTED_OUT}

    assert set(REACHED) == set(STEPS) == set(Standing) - derived
    assert set(PERMITS) == set(Standing)


@pytest.mark.parametrize(
    ("model", "forbidden"),
    [
        ("prospective", {"waived", "informed", "deferred", "died_before_consent"}),
        ("deferred", {"waived", "informed"}),
        ("opt_out", {"waived", "deferred", "died_before_consent"}),
        ("waiver", {"deferred", "died_before_consent"}),
    ],
)
def test_the_protocols_model_says_which_words_there_are(model, forbidden):
    told, terms = recorded(()), Terms(model=model)

    assert {
        said
        for said in SAID
        if name_of(fault(told, word(said), terms)) == "not_in_this_model"
    } == forbidden


def test_where_no_protocol_is_in_force_somebody_is_asked_before():
    assert (
        name_of(fault(recorded(()), word("deferred"), Terms())) == "not_in_this_model"
    )


@pytest.mark.parametrize(
    ("said", "following", "why"),
    [
        ((), word("deferred", deadline=None), "no_deadline"),
        ((), word("deferred", deadline=NOON), "no_deadline"),
        ((), word("written", basis=None), "no_basis"),
        (("refused", "asked"), word("proxy", 2), "patient_said_no"),
        (("asked", "refused"), word("written", 2), "no_such_step"),
        (("written",), word("written", 1), "same_document"),
        (("written",), word("proxy", 1), "same_document"),
        (("written", "withdrawn"), word("withdrawn", 2), "nothing_more_withdrawn"),
        (
            ("asked",),
            word("written", decided_at=NOON - HOUR),
            "decided_before_the_last",
        ),
    ],
)
def test_what_is_no_step_says_why(said, following, why):
    assert name_of(fault(recorded(words(*said)), following, DEFERRED)) == why


def test_a_no_of_a_representative_can_be_followed_by_their_yes():
    said = [word("refused", basis=ConsentBasis.PROXY), word("asked", 1)]

    assert fault(recorded(said), word("proxy", 2), DEFERRED) is None


def test_a_no_is_taken_whenever_it_was_decided():
    late = word("withdrawn", decided_at=NOON - HOUR)

    assert fault(recorded(words("written")), late, DEFERRED) is None


def test_who_consented_and_refuses_withdraws_everything():
    told = recorded(words("written", "refused"))

    assert (told.standing, told.scopes) == (Standing.WITHDRAWN, EVERYTHING)


def test_a_withdrawal_from_before_there_were_scopes_takes_everything():
    told = stands("written", "withdrawn")

    assert told.permits == type(told.permits)(use=True)


def test_scopes_add_up_and_each_takes_its_own():
    treatment = word("withdrawn", 1, scopes=(Scope.TREATMENT,))
    contact = word("withdrawn", 2, scopes=(Scope.FOLLOW_UP,))
    once = stands("written", treatment).permits
    twice = stands("written", treatment, contact).permits

    assert (once.treat, once.follow_up, once.collect) == (False, True, True)
    assert (twice.treat, twice.follow_up, twice.collect) == (False, False, True)
    assert not once.randomise
    assert twice.within(once)


def test_a_deadline_matures_by_the_clock_alone():
    deadline = NOON + 72 * HOUR
    on_time, late = (
        stands("deferred", at=deadline),
        stands("deferred", at=deadline + INSTANT),
    )

    assert (on_time.standing, on_time.deadline) == (Standing.DEFERRED, deadline)
    assert on_time.permits == ALL
    assert (late.standing, late.deadline) == (Standing.DEFERRED_OVERDUE, deadline)
    assert (late.permits.randomise, late.permits.treat) == (False, True)
    assert stands("deferred", "written", at=deadline + HOUR).deadline is None


def test_who_can_decide_again_is_randomised_no_further_before_they_did():
    told = stands("proxy", "regained_capacity").permits

    assert (told.randomise, told.treat, told.use) == (False, True, True)
    assert stands("proxy", "regained_capacity", "written").permits == ALL


@pytest.mark.parametrize(
    ("said", "which"),
    [
        (("deferred", "refused"), Standing.REFUSED_LATER),
        (("deferred", "died_before_consent"), Standing.DIED),
        (("written", "withdrawn"), Standing.WITHDRAWN),
    ],
)
def test_recorded_data_stay_in_use_unless_the_jurisdiction_says_otherwise(said, which):
    strict = Terms(model="deferred", not_used_after=frozenset({which}))
    kept, flagged = stands(*said), stands(*said, terms=strict)

    assert (kept.permits.use, kept.data_flagged) == (True, False)
    assert (flagged.permits.use, flagged.data_flagged) == (False, True)


def test_an_opt_out_ends_all_but_the_use_of_what_there_was():
    assert stands("asked", opted_out=True).permits == NOTHING
    told = stands("informed", terms=OPT_OUT, opted_out=True)
    assert told.standing is Standing.OPTED_OUT
    assert told.permits == type(told.permits)(use=True)


def test_an_opt_out_frees_no_data_that_a_refusal_has_flagged():
    strict = Terms(model="deferred", not_used_after=frozenset({Standing.REFUSED_LATER}))
    told = stands("deferred", "refused", terms=strict, opted_out=True)

    assert (told.permits, told.data_flagged) == (NOTHING, True)


SECOND = Terms(renewals=(Renewal("2.0", everybody=True),))
NEW_ONLY = Terms(renewals=(Renewal("2.0", everybody=False),))


@pytest.mark.parametrize(
    ("version", "terms", "randomised", "renew"),
    [
        ("1.3", SECOND, True, "2.0"),
        ("2.0", SECOND, True, None),
        ("10.0", SECOND, False, None),
        (None, SECOND, False, "2.0"),
        ("second", SECOND, False, "2.0"),
        ("1.3", NEW_ONLY, True, None),
        ("1.3", NEW_ONLY, False, "2.0"),
    ],
)
def test_an_amendment_has_consent_sought_again(version, terms, randomised, renew):
    told = stands(
        word("written", document_version=version), terms=terms, randomised=randomised
    )

    assert told.renew == renew
    assert (told.standing is Standing.RECONSENT_DUE) == (renew is not None)
    assert told.permits.randomise == (renew is None)
    assert told.permits.treat


def test_consent_on_the_new_form_is_consent_again():
    said = [
        word("written", document_version="1.0"),
        word("written", 1, document_version="2.0"),
    ]

    assert fault(recorded(said[:1]), said[1], SECOND) is None
    assert stands(*said, terms=SECOND).permits == ALL


def test_nobody_else_is_asked_again_for_an_amendment():
    assert (
        stands("waived", terms=Terms(model="waiver", renewals=SECOND.renewals)).renew
        is None
    )


@pytest.mark.parametrize(
    ("document", "wanted", "before"),
    [
        ("1.9", "1.10", True),
        ("1.10", "1.9", False),
        ("2", "2.0", True),
        ("v2", "v2", False),
        ("v1", "v2", True),
    ],
)
def test_versions_are_compared_as_numbers(document, wanted, before):
    assert older(document, wanted) == before
