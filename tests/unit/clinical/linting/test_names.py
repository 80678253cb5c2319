"""Names that the catalogue does not have are refused at load, with line and column."""

import pytest

from streams.clinical.criteria.loading import load_protocol
from streams.clinical.linting.names import components, every_classifier, labels_of
from streams.vocabulary.errors import ProtocolError


def refusal(document, rule):
    with pytest.raises(ProtocolError) as caught:
        load_protocol(document(f"rule: {rule}"))
    return caught.value


@pytest.mark.parametrize(
    ("rule", "code", "key"),
    [
        ("{kind: score, score: sopha, is: '>= 2 {score}'}", "EMB-205", "score"),
        (
            "{kind: score, score: sofa, policy: best, is: '>= 2 {score}'}",
            "EMB-205",
            "policy",
        ),
        (
            "{kind: score, score: sofa, component: brain, is: '>= 2 {score}'}",
            "EMB-205",
            "component",
        ),
        ("{kind: score, score: sofa, is: '>= 2 mm[Hg]'}", "EMB-204", "is"),
        ("{kind: score, score: oxygenation, is: '>= 2 {score}'}", "EMB-204", "is"),
        ("{kind: onset, definition: sepsis4}", "EMB-205", "definition"),
        ("{kind: onset, definition: ase, policy: ours}", "EMB-205", "policy"),
        (
            "{kind: phenotype, classifier: zodiac, any_of: [leo]}",
            "EMB-205",
            "classifier",
        ),
        ("{kind: phenotype, classifier: seneca, any_of: [omega]}", "EMB-205", "any_of"),
        (
            "{kind: phenotype, classifier: seneca, any_of: [beta], within: 6 h}",
            "EMB-205",
            "within",
        ),
        (
            "{kind: phenotype, classifier: srs, any_of: [SRS1], min_probability: 0.9}",
            "EMB-205",
            "min_probability",
        ),
        ("{kind: marker, marker: ferritin}", "EMB-205", "marker"),
        (
            "{kind: norepinephrine_equivalent, is: '> 1 ug/kg/min', policy: x}",
            "EMB-205",
            "policy",
        ),
    ],
)
def test_a_name_that_there_is_not(document, rule, code, key):
    fault = refusal(document, rule)
    assert fault.code == code
    text = document(f"rule: {rule}")
    line = next(n for n, told in enumerate(text.splitlines(), 1) if rule in told)
    column = text.splitlines()[line - 1].index(f" {key}: ") + len(key) + 4
    assert f"At line {line}, column {column}, " in fault.problem


def test_every_classifier_has_labels():
    assert all(labels_of(name) for name in every_classifier())


def test_the_components_of_a_score_are_those_it_answers():
    assert "renal" in components("sofa")
