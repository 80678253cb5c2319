"""The catalogue: every rule of the clinical core, in one table.

What is not in it cannot be listed, scored or detected by name; a test finds every
`Specification` of `streams/clinical` here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType

from streams.clinical.catalogue import (
    anchors,
    courses,
    definitions,
    named_policies,
    scores,
    values,
)
from streams.clinical.catalogue import markers as marking
from streams.clinical.catalogue.named_policies import OURS, ours_first
from streams.clinical.catalogue.rule import Rule, Sort, rule
from streams.clinical.comorbidity import charlson, elixhauser
from streams.clinical.course import (
    immune,
    immune_policy,
    secondary_infection,
    secondary_policy,
)
from streams.clinical.definitions import (
    phoenix_sepsis,
    sep1,
    sep1_specs,
    septic_shock,
    shock_policies,
    specs,
)
from streams.clinical.definitions.ase import specification as ase
from streams.clinical.heterogeneity import factors
from streams.clinical.heterogeneity import policy as factor_policy
from streams.clinical.markers import evaluation, external, schemes, table
from streams.clinical.markers import policy as marker_policy
from streams.clinical.phenotypes import (
    hyperinflammatory,
    seneca,
    seneca_policy,
    temperature,
)
from streams.clinical.scores import (
    coagulation,
    coagulation_specs,
    first_day_sofa,
    gcs_sedation,
    kdigo,
    kdigo_policy,
    news2,
    norepinephrine_equivalent,
    oxygenation,
    pressure,
    qsofa,
    sirs,
)
from streams.clinical.scores.phoenix import policy as phoenix_policy
from streams.clinical.scores.phoenix import specs as phoenix
from streams.clinical.scores.sofa2 import policy as sofa2_policy
from streams.clinical.scores.sofa2 import specification as sofa2
from streams.clinical.scores.specs import SOFA_SPEC
from streams.vocabulary.errors import ErrorCode, SettingsError


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by name, in the order in which they are listed."""
    found: dict[str, Rule] = {}
    for one in _all():
        if one.name in found:
            raise ValueError(f"two rules are named {one.name}")
        found[one.name] = one
    return MappingProxyType(found)


def rule_named(name: str, sort: Sort | None = None) -> Rule:
    """The rule of that name, of that sort where one is given.

    Raises `SettingsError` EMB-402 where there is none.
    """
    found = {n: r for n, r in rules().items() if sort is None or r.sort == sort}
    if name not in found:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no {sort or 'rule'} {name!r}.",
            f"Use one of: {', '.join(found)}.",
        )
    return found[name]


def _all() -> Iterator[Rule]:
    yield from _scores()
    yield from _values()
    yield from _comorbidity()
    yield from _definitions()
    yield from _phenotypes()
    yield from _markers()
    yield from _courses()


def _scores() -> Iterator[Rule]:
    yield rule(SOFA_SPEC, "score", scores.ask_sofa, named_policies.SOFA)
    yield rule(
        first_day_sofa.SPEC,
        "score",
        scores.ask_first_day_sofa,
        named_policies.FIRST_DAY,
        anchors=anchors.UNIT,
    )
    yield rule(sofa2.SPEC, "score", scores.ask_sofa2, sofa2_policy.POLICIES)
    yield rule(qsofa.SPEC, "score", scores.ask_qsofa, ours_first(qsofa.POLICIES))
    yield rule(sirs.SPEC, "score", scores.ask_sirs, ours_first(sirs.POLICIES))
    yield rule(
        news2.SPEC,
        "score",
        scores.ask_news2,
        ours_first(news2.POLICIES),
        anchors=("demographics", "condition"),
    )
    pediatric = ours_first(phoenix_policy.PHOENIX_POLICIES)
    yield rule(phoenix.PHOENIX_SPEC, "score", scores.ask_phoenix, pediatric)
    yield rule(phoenix.PHOENIX8_SPEC, "score", scores.ask_phoenix8, pediatric)
    kidneys = ours_first(kdigo_policy.KDIGO_POLICIES)
    yield rule(kdigo.SPEC, "score", scores.ask_kdigo, kidneys, anchors=anchors.UNIT)
    yield rule(
        coagulation_specs.SIC_SPEC, "score", scores.ask_sic, {OURS: coagulation.SIC}
    )
    yield rule(
        coagulation_specs.OVERT_DIC_SPEC,
        "score",
        scores.ask_overt_dic,
        {OURS: coagulation.OVERT_DIC},
    )


def _values() -> Iterator[Rule]:
    yield rule(
        pressure.SPEC, "score", values.ask_pressure, named_policies.MEAN_PRESSURE
    )
    yield rule(oxygenation.SPEC, "score", values.ask_oxygenation, named_policies.OXYGEN)
    yield rule(gcs_sedation.SPEC, "score", values.ask_glasgow, named_policies.GLASGOW)
    yield rule(
        norepinephrine_equivalent.SPEC,
        "score",
        values.ask_equivalent,
        norepinephrine_equivalent.POLICIES,
        anchors=("infusion:",),
    )


def _comorbidity() -> Iterator[Rule]:
    yield rule(
        charlson.SPEC,
        "score",
        scores.ask_charlson,
        ours_first(charlson.CHARLSON_POLICIES),
    )
    yield rule(
        elixhauser.SPEC,
        "score",
        scores.ask_elixhauser,
        ours_first(elixhauser.ELIXHAUSER_POLICIES),
    )


def _definitions() -> Iterator[Rule]:
    yield rule(
        specs.SUSPICION_SPEC,
        "definition",
        definitions.ask_suspicion,
        named_policies.SUSPICION,
        columns=definitions.SUSPICION,
    )
    yield rule(
        specs.SEPSIS3_SPEC,
        "definition",
        definitions.ask_sepsis3,
        named_policies.SEPSIS3,
        columns=definitions.SEPSIS3,
    )
    yield rule(
        septic_shock.SPEC,
        "definition",
        definitions.ask_septic_shock,
        shock_policies.SHOCK_POLICIES,
        columns=definitions.SHOCK,
        anchors=anchors.ONSET,
    )
    yield rule(
        ase.ASE_SPEC,
        "definition",
        definitions.ask_ase,
        named_policies.ASE,
        columns=definitions.ASE,
    )
    yield rule(
        ase.BSE_SPEC,
        "definition",
        definitions.ask_bse,
        named_policies.ASE,
        columns=definitions.BSE,
    )
    inclusion = {sep1.SEP1.name: sep1.SEP1}
    yield rule(
        sep1_specs.SEP1_SPEC,
        "definition",
        definitions.ask_sep1,
        inclusion,
        columns=definitions.SEP1,
    )
    yield rule(
        sep1_specs.SEP1_SHOCK_SPEC,
        "definition",
        definitions.ask_sep1_shock,
        inclusion,
        columns=definitions.SEP1_SHOCK,
        anchors=sep1_specs.SEP1_SPEC.inputs,
    )
    yield rule(
        phoenix_sepsis.PHOENIX_SEPSIS_SPEC,
        "definition",
        definitions.ask_phoenix_sepsis,
        phoenix_sepsis.PHOENIX_SEPSIS_POLICIES,
        columns=definitions.PHOENIX,
    )


def _phenotypes() -> Iterator[Rule]:
    yield rule(
        seneca.SPEC,
        "phenotype",
        courses.ask_seneca,
        {OURS: seneca_policy.DEFAULT, "script": seneca_policy.SCRIPT},
        anchors=anchors.STAY,
    )
    yield rule(
        hyperinflammatory.SPEC,
        "phenotype",
        courses.ask_inflammatory,
        {OURS: hyperinflammatory.DEFAULT},
    )
    yield rule(
        temperature.SPEC,
        "phenotype",
        courses.ask_temperature,
        {OURS: temperature.DEFAULT},
        anchors=anchors.STAY,
    )
    yield rule(external.SPEC, "phenotype", marking.ask_labels, {OURS: external.DEFAULT})
    for one in external.classifiers().values():
        spec = external.specification(one)
        if spec.name == hyperinflammatory.SPEC.name:
            spec = replace(spec, name=f"{spec.name}_external")
        ask = partial(marking.ask_label, one=one)
        yield rule(spec, "phenotype", ask, {OURS: external.DEFAULT})


def _markers() -> Iterator[Rule]:
    policies = {OURS: marker_policy.DEFAULT}
    yield rule(evaluation.SPEC, "marker", marking.ask_markers, policies)
    for one in table.markers().values():
        ask = partial(marking.ask_marker, one=one)
        yield rule(table.specification(one), "marker", ask, policies)
    for scheme in schemes.SCHEMES.values():
        ask_scheme = partial(marking.ask_scheme, one=scheme)
        yield rule(schemes.specification(scheme), "marker", ask_scheme, policies)


def _courses() -> Iterator[Rule]:
    yield rule(
        immune.SPEC,
        "course",
        courses.ask_immune,
        {OURS: immune_policy.DEFAULT},
        anchors=anchors.ONSET,
    )
    yield rule(
        secondary_infection.SPEC,
        "course",
        courses.ask_secondary,
        {OURS: secondary_policy.DEFAULT},
        anchors=anchors.ONSET,
    )
    yield rule(
        factors.SPEC,
        "covariate",
        courses.ask_covariates,
        {OURS: factor_policy.DEFAULT},
        anchors=anchors.ONSET,
    )
