"""Platform, domain and arms; entries that are no flag: who is possible, and why not.

The nine of the small hospital; anna and boris are possible where nothing more is asked.
"""

import pytest
from made_up.small_hospital import PATIENTS, TRIAL, fact, message

from streams.app.backtest.judging import judge_history
from streams.clinical.feasibility.numbers import STEPS
from streams.clinical.feasibility.probe import plan
from streams.pipeline.patient import Rules
from streams.vocabulary.events import Allergy, Infusion
from streams.vocabulary.protocol import Protocol


RULES = Rules(software_version="test")


def trial(**domain):
    """The small trial with other parts in its domain, or on the platform."""
    tree = TRIAL.model_dump(mode="json")
    platform = domain.pop("platform", {})
    tree["domains"][0] |= domain
    return Protocol.model_validate(tree | platform)


def counts(protocol, *, besides=(), steps=()):
    """Of the nine, of whom some have facts besides."""
    history = []
    for name, facts in PATIENTS.items():
        own = [*facts, *(one for one in besides if one.event_id.startswith(name))]
        own.sort(key=lambda f: (f.known_at, f.event_id))
        history.append([message(name, one) for one in own])
    return judge_history(plan(protocol, steps, domains=["only"]), history, RULES)


def only(judged):
    return judged.domains["only"]


def rows(judged):
    return {row.id: row for row in only(judged).attrition()}


def allergic(name, substance):
    return fact(Allergy, name, f"to {substance}", 0, substance=substance)


def arms(*names):
    """Arms for whoever does not react to them."""
    return [
        {
            "id": name,
            "title": name,
            "exclusion": [
                {
                    "id": f"no_{name}",
                    "text": f"Reacts to {name}",
                    "rule": {"kind": "allergy", "to": [name], "absent_means": False},
                }
            ],
        }
        for name in names
    ]


def test_one_arm_of_three_may_be_ruled_out():
    three = trial(arms=arms("alpha", "beta", "gamma"), allocation=blocks(6))
    judged = counts(three, besides=[allergic("anna", "alpha")])
    assert only(judged).flagged.stays == 2
    reached = {r.intervention: r for r in only(judged).reached()}
    assert reached["alpha"].needs_human == 1  # boris
    assert reached["beta"].needs_human == reached[None].needs_human == 2


def test_two_arms_of_three_leave_nothing_to_draw_between():
    three = trial(arms=arms("alpha", "beta", "gamma"), allocation=blocks(6))
    besides = [allergic("anna", "alpha"), allergic("anna", "beta")]
    judged = counts(three, besides=besides)
    assert only(judged).flagged.stays == 1  # boris
    found = rows(judged)
    assert (found["no_alpha"].excluded, found["no_alpha"].gain) == (1, 1)
    assert (found["no_beta"].excluded, found["no_beta"].gain) == (0, 1)
    assert found["no_alpha"].intervention == "alpha"


def blocks(*sizes):
    return {"method": "permuted_blocks", "sizes": sizes}


def test_a_line_of_the_platform_comes_first():
    asked = {
        "id": "P1",
        "text": "Creatinine below 3 mg/dL",
        "rule": {
            "kind": "value",
            "concept": "creatinine",
            "is": "< 3 mg/dL",
            "within": "48 h",
        },
    }
    judged = counts(trial(platform={"inclusion": [asked]}), steps=STEPS)
    assert [row.id for row in only(judged).attrition()][:2] == ["window", "P1"]
    assert (rows(judged)["P1"].excluded, rows(judged)["P1"].gain) == (8, 2)
    (moved,) = (
        v
        for v in judged.plan.variants
        if v.line == "P1"
        and v.shift.number.place[-1] == "is"
        and v.shift.step == "+20 %"
    )
    assert judged.possible[moved] == 0  # 3.6, and all have 4


@pytest.fixture(scope="module")
def pumped():
    """Vasopressors open the screening, from a rate of 0.2 on: anna 0.22, boris 0.1."""
    entry = {
        "kind": "infusion",
        "drugs": ["norepinephrine"],
        "rate": ">= 0.2 ug/kg/min",
    }
    recruitment = {"entry": entry, "anchor": "entry.known_at", "window": "12 h"}
    besides = [
        fact(
            Infusion,
            name,
            "pump",
            4,
            phase="started",
            infusion_id=f"{name}-n",
            drug="norepinephrine",
            rate=rate,
        )
        for name, rate in (("anna", 0.22), ("boris", 0.17))
    ]
    return counts(trial(recruitment=recruitment), besides=besides, steps=STEPS)


def test_an_infusion_opens_a_screening_from_its_rate_on(pumped):
    assert only(pumped).screened.stays == 1  # anna
    assert only(pumped).flagged.stays == 1
    assert only(pumped).times().entry_to_known.median == 0


@pytest.mark.parametrize(
    ("step", "possible"),
    [("-20 %", 2), ("-10 %", 1), ("+10 %", 1), ("+20 %", 0)],
    # 0.16: boris with 0.17 too; 0.18; 0.22: anna with 0.22; 0.24: nobody
)
def test_another_rate_of_entry_is_another_screening(pumped, step, possible):
    (moved,) = (
        v
        for v in pumped.plan.variants
        if v.line == "recruitment"
        and v.shift.number.place[-1] == "rate"
        and v.shift.step == step
    )
    assert pumped.possible[moved] == possible
