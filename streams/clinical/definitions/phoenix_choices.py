"""What the Phoenix criteria leave open: every argument, and who reads it how.

`notes`: the authors' EHR implementation notes (CU-DBMI-Peds/phoenix, commit 1af8031).
"""

from __future__ import annotations

from streams.clinical.specification import Choice


CHOICES = (
    Choice(
        argument="infection.infection",
        default="pair",
        readings="pair (Seymour 2016); test_and_doses (the derivation)",
    ),
    Choice(
        argument="period",
        default="around_suspicion",
        readings="around_suspicion (ours, as Sepsis-3); first_day (the derivation)",
    ),
    Choice(
        argument="score.missing",
        default="unknown",
        readings="unknown: sepsis may stay open (ours); normal (the package)",
    ),
    Choice(
        argument="population.unknown",
        default="unknown",
        readings="unknown: sepsis stays open (ours); assumed (the package's caller)",
    ),
    Choice(
        argument="score",
        default="as `phoenix`",
        readings="how the points are told, see phoenix; the derivation takes what is missing for normal",
    ),
    Choice(
        argument="infection.pair",
        default="as `suspected_infection`",
        readings="how antimicrobial and culture pair (Seymour 2016), see suspected_infection",
    ),
    Choice(
        argument="infection.doses",
        default="2",
        readings="2, for test_and_doses (the derivation)",
    ),
    Choice(
        argument="infection.dose_stages",
        default="given",
        readings="given (notes); ordered too (DataPipeline.md of the derivation)",
    ),
    Choice(
        argument="population.newborn_codes",
        default="Z38, V3",
        readings="ICD-10-CM Z38, ICD-9-CM V30 to V39: ours, the notes name no code",
    ),
    Choice(
        argument="population.birth_stay_until",
        default="28 d",
        readings="28 d (ours): a stay begun later is not the one of birth",
    ),
    Choice(
        argument="population.least_gestation",
        default="140 d",
        readings="20 weeks (ours): no living child was born before, so an age alone may prove 37 weeks",
    ),
    Choice(
        argument="population.term",
        default="259 d",
        readings="37 weeks from conception (the paper as remembered: postconceptional; notes: gestational age when the encounter began)",
    ),
    Choice(
        argument="before",
        default="48 h",
        readings="48 h before suspicion: ours, as Sepsis-3 has it (Seymour 2016)",
    ),
    Choice(
        argument="after",
        default="24 h",
        readings="24 h after it: ours, as Sepsis-3 has it (Seymour 2016)",
    ),
)
"""In the order of the manual."""
