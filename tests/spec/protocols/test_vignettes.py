"""Every protocol that ships gives its made-up patients the verdict argued for them."""

import pytest
from spec.protocols.shipped import NAMES, patients_of, protocol_of

from streams.pipeline.vignettes import NOT_SCREENED, differences


CASES = [(name, case) for name in NAMES for case in patients_of(name).vignettes]


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}: {case.name}" for name, case in CASES]
)
def test_the_patient_gets_the_verdict_the_story_argues_for(name, case):
    assert differences(protocol_of(name), case, patients_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_protocol_has_at_least_twelve_patients(name):
    patients = patients_of(name)
    assert patients.protocol == protocol_of(name).id
    assert len({case.name for case in patients.vignettes}) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_every_open_domain_has_a_patient_who_may_take_part(name):
    may = {
        case.domain
        for case in patients_of(name).vignettes
        if case.expect.status == "eligible" or case.expect.with_answers == "eligible"
    }
    assert may == {domain.id for domain in protocol_of(name).open_domains()}


@pytest.mark.parametrize("name", NAMES)
def test_every_criterion_is_seen_on_both_sides(name):
    """One that only a human decides has one side: without an answer it is UNKNOWN."""
    protocol = protocol_of(name)
    seen = {}
    for case in patients_of(name).vignettes:
        if case.expect.status == NOT_SCREENED:
            assert not case.expect.criteria, case.name
        for criterion, truth in case.expect.criteria.items():
            seen.setdefault((case.domain, criterion), set()).add(truth)
    of_platform = {
        criterion.id: set().union(
            *(truths for (_, id_), truths in seen.items() if id_ == criterion.id)
        )
        for criterion in protocol.criteria
    }
    for criterion in protocol.criteria:
        assert len(of_platform[criterion.id]) >= sides(criterion), criterion.id
    for domain in protocol.open_domains():
        for criterion in domain.criteria:
            truths = seen.get((domain.id, criterion.id), ())
            assert len(truths) >= sides(criterion), (domain.id, criterion.id)


def sides(criterion):
    return 1 if criterion.rule.kind == "confirm" else 2
