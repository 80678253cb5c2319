"""A rule that cannot mean anything is an error when it is read, not when it is used."""

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from streams.vocabulary.rules import Rule


RULE = TypeAdapter(Rule)


def fault(text):
    """The code and the sentence of the first fault of a rule."""
    with pytest.raises(ValidationError) as caught:
        RULE.validate_python(yaml.safe_load(text))
    first = caught.value.errors(include_url=False)[0]
    return first["type"], first["msg"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        # a unit that does not fit, or none
        ("{kind: value, concept: lactate, is: '> 38 Cel', within: 6 h}", "EMB-204"),
        ("{kind: value, concept: lactate, is: '> 2', within: 6 h}", "EMB-204"),
        (
            "{kind: trend, concept: lactate, from: first, change: '> 1 Cel', within: 6 h}",
            "EMB-204",
        ),
        (
            "{kind: trend, concept: spo2, from: first, change: '> 1 %', within: 6 h}",
            "EMB-204",
        ),
        ("{kind: norepinephrine_equivalent, is: '> 1 mg/h'}", "EMB-204"),
        ("{kind: fluid, direction: in, total: '> 1 L/min', within: 6 h}", "EMB-204"),
        ("{kind: urine_output, is: '< 1 mL/h', lasting: 6 h}", "EMB-204"),
        ("{kind: elapsed, since: icu.known_at, is: '< 1 mmol/L'}", "EMB-204"),
        (
            "{kind: medication, named: [x], stages: [given], doses: '> 1 mg', within: 1 d}",
            "EMB-204",
        ),
        ("{kind: marker, marker: ferritin, is: '> 1 mmol/L', within: 1 d}", "EMB-204"),
        # a name that nobody knows
        ("{kind: value, concept: laktate, is: '> 2 mmol/L', within: 6 h}", "EMB-203"),
        (
            "{kind: trend, concept: laktate, from: first, change: '> 1 %', within: 6 h}",
            "EMB-203",
        ),
        ("{kind: infusion, drugs: [adrenaline]}", "EMB-203"),
        ("{kind: medication, drugs: [steroids], within: 1 d}", "EMB-203"),
        # a window that can hold nothing
        (
            "{kind: culture, around: icu.known_at, from: 2 h, to: 1 h}",
            "EMB-206",
        ),
        ("{kind: culture, from: 2 h, to: 1 h}", "EMB-206"),
        ("{kind: culture, around: icu.known_at, to: 1 h}", "EMB-206"),
        (
            "{kind: culture, around: icu.known_at, from: -1 h, within: 1 h}",
            "EMB-206",
        ),
        (
            "{kind: value, concept: map, is: '> 2 mm[Hg]', within: 1 h, sustained: 2 h}",
            "EMB-206",
        ),
        (
            "{kind: value, concept: map, is: '> 2 mm[Hg]', within: 1 d, n: 3, apart: 1 d}",
            "EMB-206",
        ),
        # a rule that says nothing, or two things at once
        ("{kind: culture, within: 0 h}", "EMB-202"),
        ("{kind: culture}", "EMB-202"),
        ("{kind: culture, within: 1 d, organisms: [aureus]}", "EMB-202"),
        ("{kind: culture, within: 1 d, result: pending, clock: resulted}", "EMB-202"),
        ("{kind: procedure, any_of: [rrt]}", "EMB-202"),
        ("{kind: medication, within: 1 d}", "EMB-202"),
        ("{kind: medication, named: [x], doses: '> 1 {dose}', within: 1 d}", "EMB-202"),
        (
            "{kind: value, concept: map, is: '> 2 mm[Hg]', within: 1 d, n: 2, sustained: 1 h}",
            "EMB-202",
        ),
        (
            "{kind: value, concept: map, is: '> 2 mm[Hg]', within: 1 d, which: first, n: 2}",
            "EMB-202",
        ),
        (
            "{kind: value, concept: map, is: '> 2 mm[Hg]', within: 1 d, apart: 1 h}",
            "EMB-202",
        ),
        (
            "{kind: elapsed, since: icu.known_at, until: icu.known_at, is: '> 1 h'}",
            "EMB-202",
        ),
        ("{kind: marker, marker: mals, is: '> 2 ng/mL', within: 1 d}", "EMB-202"),
        ("{kind: marker, marker: ferritin, is: '> 2 ng/mL'}", "EMB-202"),
        (
            "{kind: trend, concept: map, from: highest, to: highest, change: '> 1 %', within: 1 d}",
            "EMB-202",
        ),
    ],
)
def test_what_cannot_mean_anything_is_refused(rule, code):
    assert fault(rule)[0] == code


def test_an_anchor_without_its_clock_is_none():
    kind, sentence = fault("{kind: elapsed, since: icu, is: '> 1 h'}")
    assert kind == "literal_error"
    assert "icu.happened_at" in sentence


def test_a_window_around_an_anchor_reads_as_it_is_written():
    rule = {"kind": "culture", "around": "icu.known_at", "from": "-1 h", "to": "2 h"}
    dumped = RULE.dump_python(
        RULE.validate_python(rule), mode="json", exclude_none=True
    )
    assert rule.items() <= dumped.items()
