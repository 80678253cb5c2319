"""What the inputs of each organ are worth; Phoenix has four organs, Phoenix-8 eight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from streams.clinical.scores.phoenix.inputs import (
    NO_SUPPORT,
    OTHER_SUPPORT,
    Inputs,
    Support,
    Values,
)
from streams.clinical.scores.phoenix.parts import by_age, highest, summed, unseen, worth
from streams.clinical.scores.phoenix.points import (
    AGES,
    ALT,
    BILIRUBIN,
    COAGULATION_CAP,
    D_DIMER,
    FIBRINOGEN,
    FIXED_PUPILS,
    GLASGOW,
    GLUCOSE,
    INR,
    LACTATE,
    LYMPHOCYTES,
    NEUROLOGIC_CAP,
    NEUTROPHILS,
    NUMBER_OF_VASOACTIVES,
    PF_RATIO,
    PLATELETS,
    SF_RATIO,
)
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.vocabulary.messages import Component


Organ = Callable[[Inputs, PhoenixPolicy], Component]


def respiratory(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 to 3: a point under any support, more only under invasive ventilation."""
    gas = _oxygenation(inputs, policy)
    support = _known(inputs.support, policy)
    lower = _under(support.least, gas.lower)
    without = support.most == NO_SUPPORT
    told = gas.points is not None or without
    evidence = () if without else gas.evidence
    return Component(
        name="respiratory",
        points=lower if told else None,
        lower=lower,
        upper=_under(support.most, gas.upper),
        evidence=tuple(dict.fromkeys((*evidence, *support.evidence))),
    )


def cardiovascular(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 to 6: drugs, lactate and mean pressure, up to two points each."""
    parts = (
        worth("vasoactives", inputs.vasoactives, NUMBER_OF_VASOACTIVES, policy),
        worth("lactate", inputs.lactate, LACTATE, policy),
        by_age(
            "map",
            inputs.pressure,
            inputs.age,
            policy,
            table=lambda band: band.pressure,
        ),
    )
    return summed("cardiovascular", parts, cap=6)


def coagulation(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 to 2: a point for each of four results, at most two."""
    parts = (
        worth("platelets", inputs.platelets, PLATELETS, policy),
        worth("inr", inputs.inr, INR, policy),
        worth("d_dimer", inputs.d_dimer, D_DIMER, policy),
        worth("fibrinogen", inputs.fibrinogen, FIBRINOGEN, policy),
    )
    return summed("coagulation", parts, cap=COAGULATION_CAP)


def neurologic(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 to 2: the coma scale, or both pupils fixed."""
    parts = (
        worth("gcs", inputs.gcs, GLASGOW, policy),
        worth("fixed_pupils", inputs.fixed_pupils, FIXED_PUPILS, policy),
    )
    return summed("neurologic", parts, cap=NEUROLOGIC_CAP)


def endocrine(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 or 1: glucose too low or too high."""
    return worth("endocrine", inputs.glucose, GLUCOSE, policy)


def immunologic(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 or 1: few neutrophils, few lymphocytes, or both."""
    parts = (
        worth("anc", inputs.neutrophils, NEUTROPHILS, policy),
        worth("alc", inputs.lymphocytes, LYMPHOCYTES, policy),
    )
    return highest("immunologic", parts)


def renal(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 or 1: creatinine by age."""
    if inputs.age is None and policy.without_age == "newborn_creatinine":
        return worth("renal", inputs.creatinine, AGES[0].creatinine, policy)
    return by_age(
        "renal",
        inputs.creatinine,
        inputs.age,
        policy,
        table=lambda band: band.creatinine,
    )


def hepatic(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """0 or 1: bilirubin, alanine aminotransferase, or both."""
    parts = (
        worth("bilirubin", inputs.bilirubin, BILIRUBIN, policy),
        worth("alt", inputs.alt, ALT, policy),
    )
    return highest("hepatic", parts)


FOUR: tuple[Organ, ...] = (respiratory, cardiovascular, coagulation, neurologic)
EIGHT: tuple[Organ, ...] = (*FOUR, endocrine, immunologic, renal, hepatic)


def components(
    inputs: Inputs, organs: tuple[Organ, ...], policy: PhoenixPolicy
) -> tuple[Component, ...]:
    """The organs' points; where missing is normal, an organ nobody saw has 0."""
    told = tuple(organ(inputs, policy) for organ in organs)
    if policy.missing == "unknown":
        return told
    return tuple(replace(c, points=c.points or 0) for c in told)


def _oxygenation(inputs: Inputs, policy: PhoenixPolicy) -> Component:
    pf = worth("pf_ratio", inputs.pf_ratio, PF_RATIO, policy)
    if inputs.pf_ratio and policy.ratios == "pf_first":
        return pf
    return highest("oxygenation", (pf, _saturation(inputs.sf_ratio, inputs, policy)))


def _saturation(ratio: Values, inputs: Inputs, policy: PhoenixPolicy) -> Component:
    """A saturation too high for a ratio says that none is to be had."""
    if inputs.sf_void and not ratio:
        return replace(unseen("sf_ratio", 0, policy), upper=0)
    return worth("sf_ratio", ratio, SF_RATIO, policy)


def _known(support: Support, policy: PhoenixPolicy) -> Support:
    """What nobody said of support is none, where missing is normal."""
    if policy.missing == "unknown":
        return support
    return Support(support.least, support.least, support.evidence)


def _under(support: int, level: int) -> int:
    """How much of a bad gas counts under this support."""
    if support == NO_SUPPORT:
        return 0
    return min(level, 1) if support == OTHER_SUPPORT else level
