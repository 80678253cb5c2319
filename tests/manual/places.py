"""On which page a spec test stands: by its folder, and by what it asks.

A spec test that no line of the table places has no page, and a test says so.
"""

from __future__ import annotations

import re


PLACES: tuple[tuple[str, str, str], ...] = (
    # file of tests/spec, what the test must speak of, rule
    ("sofa/test_first_day_sofa.py", "", "first_day_sofa"),
    ("sofa/test_sofa", "", "sofa"),
    ("sofa2/", "", "sofa2"),
    ("qsofa/", "", "qsofa"),
    ("sirs/", "", "sirs"),
    ("news2/", "", "news2"),
    ("phoenix/test_phoenix_thresholds.py", "", "phoenix8"),
    ("phoenix/test_phoenix_readings.py", r"phoenix8", "phoenix8"),
    ("phoenix/test_phoenix_readings.py", r"", "phoenix"),
    ("phoenix/test_phoenix_sepsis.py", "", "phoenix_sepsis"),
    ("kdigo/", "", "kdigo"),
    ("coagulation/", r"\bsic\b|SIC|has_sic", "sic"),
    ("coagulation/", r"dic\b|DIC", "overt_dic"),
    ("values/test_mean_pressure.py", "", "mean_pressure"),
    ("values/test_oxygenation.py", "", "oxygenation"),
    ("values/test_glasgow_under_sedation.py", "", "gcs_sedation"),
    ("values/test_norepinephrine_equivalent.py", "", "norepinephrine_equivalent"),
    ("comorbidity/", r"[Cc]harlson|CHARLSON", "charlson"),
    ("comorbidity/", r"[Ee]lixhauser|ELIXHAUSER", "elixhauser"),
    ("sepsis3/test_suspicion_policies.py", "", "suspected_infection"),
    ("sepsis3/test_sepsis3", "", "sepsis3"),
    ("septic_shock/", "", "septic_shock"),
    ("ase/test_bacteremia_shock.py", "", "bse"),
    ("ase/", "", "ase"),
    ("sep1/", r"shock", "sep1_shock"),
    ("sep1/", r"", "sep1"),
    ("phenotypes/test_seneca.py", "", "seneca"),
    ("phenotypes/test_inflammatory.py", "", "inflammatory_subphenotype"),
    ("phenotypes/test_temperature.py", "", "temperature_course"),
    ("markers/test_external_labels.py", "", "external_labels"),
    ("markers/test_markers.py", "", "markers"),
    ("course/test_immune_course.py", "", "immune_course"),
    ("course/test_secondary_infection.py", "", "secondary_infection"),
    ("heterogeneity/", "", "heterogeneity"),
)

ELSEWHERE = (
    "protocols/",
    "catalogue/",
    "criteria/",
    "randomisation/",
    "test_three_valued_rules.py",
)
"""Spec tests of protocols, of every rule at once, of the criterion language, of
allocation, of logic itself: no one rule's."""


def places_of(file: str, source: str) -> tuple[str, ...]:
    """The rules on whose pages a test stands: the first that a line names.

    A test that speaks of two rules stands on both pages.
    """
    found = [
        (words, rule)
        for begins, words, rule in PLACES
        if file.startswith(begins) and re.search(words, source)
    ]
    spoken = tuple(dict.fromkeys(rule for words, rule in found if words))
    return spoken or tuple(rule for _, rule in found[:1])
