"""Only arms the patient may get are drawn, and each set of them has its own draws."""

from dataclasses import replace

import pytest

from registry.domain.protocol import ArmDesign
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.usecases.randomise import NotRandomised, Randomised
from streams.vocabulary.messages import CriterionVerdict, InterventionVerdict


def interventions(**statuses):
    return tuple(
        InterventionVerdict(intervention=name, status=status)
        for name, status in statuses.items()
    )


ALL = interventions(albumin="eligible", restrictive="eligible", standard="eligible")
NO_ALBUMIN = interventions(
    albumin="ineligible", restrictive="eligible", standard="eligible"
)


@pytest.fixture
def three(bedside):
    """A domain of three arms in a live trial."""
    arms = (ArmDesign("restrictive"), ArmDesign("standard"), ArmDesign("albumin"))
    bedside.open_trial(replace(bedside.fluids, arms=arms))
    return bedside


def admit(bedside, patient, told, **rest):
    bedside.hear(bedside.verdict(patient, interventions=told, **rest))
    bedside.consent(patient)


def test_an_arm_the_patient_may_not_get_is_never_drawn(three):
    for number in range(24):
        admit(three, f"p{number}", NO_ALBUMIN)
    drawn = [three.randomise(f"p{number}") for number in range(24)]

    arms = [result.arm for result in drawn]
    assert set(arms) == {"restrictive", "standard"}
    for first in range(0, 24, 4):
        assert arms[first : first + 4].count("standard") == 2
    assert {r.stratum for r in drawn} == {"@arms=restrictive+standard;shock=yes"}
    assert three.broken_chains() == []


def test_who_may_get_every_arm_shares_the_draws_of_the_stratum(three):
    admit(three, "p1", ALL)
    admit(three, "p2", NO_ALBUMIN)
    admit(three, "p3", ALL)

    first, other, second = (three.randomise(p) for p in ("p1", "p2", "p3"))

    assert [first.sequence_no, second.sequence_no] == [1, 2]
    assert [first.stratum, second.stratum] == ["shock=yes"] * 2
    assert other.sequence_no == 1
    design = replace(
        three.fluids,
        arms=(ArmDesign("restrictive"), ArmDesign("standard"), ArmDesign("albumin")),
    )
    position = Position("TIDE", "fluids", "shock=yes", 2)
    drawn = three.signer.arm(position, design=design, history=KnownHistory())
    assert second.arm == drawn.arm


def test_what_was_available_and_to_whom_is_kept_with_the_allocation(three, registry):
    admit(three, "p1", NO_ALBUMIN)
    done = three.randomise("p1")

    with registry.transaction() as uow:
        kept = uow.allocations.one(done.randomisation_id)

    assert kept.availability == (
        ("restrictive", True, True),
        ("standard", True, True),
        ("albumin", True, False),
    )
    assert kept.ratio == (("restrictive", 1), ("standard", 1))


def test_with_one_arm_left_there_is_nothing_to_draw(three):
    told = interventions(
        albumin="ineligible", restrictive="ineligible", standard="eligible"
    )
    admit(three, "p1", told)

    refused = three.randomise("p1")

    assert isinstance(refused, NotRandomised)
    names = {o.name for o in refused.gate.obstacles}
    assert {"too_few_arms"} <= names


def test_an_answer_against_one_arm_takes_that_one_away(three):
    asked = CriterionVerdict(
        criterion_id="albumin-ok",
        role="inclusion",
        truth="UNKNOWN",
        human=True,
        level="intervention",
        intervention="albumin",
    )
    told = interventions(
        albumin="needs_human", restrictive="eligible", standard="eligible"
    )
    admit(three, "p1", told, status="needs_human", criteria=(asked,))
    waiting = three.randomise("p1")

    said = three.answer("albumin-ok", "FALSE")

    assert isinstance(waiting, NotRandomised)
    assert said.status == "eligible"
    done = three.randomise("p1")
    assert isinstance(done, Randomised)
    assert done.stratum == "@arms=restrictive+standard;shock=yes"


@pytest.mark.parametrize(
    ("sites", "refused"),
    [
        ([], False),
        ([{"id": "A"}], False),
        ([{"id": "A", "status": "closed"}], True),
        ([{"id": "B", "status": "open"}], True),
    ],
)
def test_only_an_open_site_of_the_protocol_randomises(bedside, sites, refused):
    bedside.declare(sites=sites)
    bedside.admit("p1")

    done = bedside.randomise("p1")

    assert isinstance(done, NotRandomised) is refused
    if refused:
        assert "site_closed" in [o.name for o in done.gate.obstacles]
