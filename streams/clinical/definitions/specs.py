"""What suspected infection and Sepsis-3 tell about themselves."""

from __future__ import annotations

from streams.clinical.scores.specs import SOFA_SPEC
from streams.clinical.specification import Choice, Grade, Specification


SUSPICION_SPEC = Specification(
    name="suspected_infection",
    title="Suspected infection",
    version="2016",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Under policy `mimic` Sepsis-3 and the hours of suspicion are equal, row for "
        "row, to mimic-code's tables of the MIMIC-IV demo; Seymour's text was read as "
        "quoted in mimic-code's issues and in ricu's documentation. That mimic-code pairs "
        "nothing at equal times is our own reading of its SQL; the default does not rest "
        "on it."
    ),
    rule=(
        "A systemic antimicrobial and a culture of any body fluid, whatever it grew: "
        "the antimicrobial within 72 hours of the culture, or the culture within 24 "
        "hours of the antimicrobial.  Suspicion is the earlier of the two.\n\n"
        "Every antimicrobial is paired by itself: with the earliest culture before it "
        "or, where there is none, the earliest after it."
    ),
    sources=(
        "Seymour CW et al., JAMA 2016;315:762-774, doi 10.1001/jama.2016.0288",
        "MIT-LCP/mimic-code suspicion_of_infection.sql, commit 8bcbd190, MIT",
        "ricu 0.6.3, commit c0efac7 (its documentation alone: GPL-3)",
    ),
    inputs=(
        *("medication", "culture_collected", "location"),
        *("culture_result", "death", "vital_status", "encounter"),
    ),
    choices=(
        Choice(
            argument="culture_then",
            default="72 h",
            readings="72 h: Seymour 2016, mimic-code, ricu.",
        ),
        Choice(
            argument="antimicrobial_then",
            default="24 h",
            readings="24 h: Seymour 2016, mimic-code, ricu.",
        ),
        Choice(
            argument="simultaneous",
            default="culture_first",
            readings="Both at one moment: `culture_first` (ours), or `neither`, the gap "
            "between mimic-code's two inequalities.",
        ),
        Choice(
            argument="date_only",
            default="antimicrobial",
            readings="A culture known by its day alone: it pairs, but the "
            "`antimicrobial` tells the time (ours); or it was taken at `midnight` "
            "(mimic-code).",
        ),
        Choice(
            argument="match",
            default="patient",
            readings="`patient`: a culture of another hospital stay may pair "
            "(mimic-code); or only one of the same `encounter`.",
        ),
        Choice(
            argument="stages",
            default="given, ordered",
            readings="Order or administration: Seymour 2016; `ordered` alone: "
            "mimic-code, which reads prescriptions.",
        ),
        Choice(
            argument="doses",
            default="1",
            readings="1: Seymour 2016, mimic-code, ricu; 2: Rhee's form, Valik.",
        ),
        Choice(
            argument="doses_after",
            default="0 h",
            readings="The further doses at once (ricu), or 6 h after the first (Valik).",
        ),
        Choice(
            argument="doses_within",
            default="24 h",
            readings="24 h: ricu; 48 h: Valik.",
        ),
        Choice(
            argument="single_dose",
            default="never",
            readings="Where two doses are asked for: one `never` does, or does after "
            "`short_care_or_death` (Valik: intensive care under 24 h, or death within "
            "48 h).",
        ),
        Choice(
            argument="mode",
            default="both",
            readings="`both` an antimicrobial and a culture: Seymour 2016, mimic-code; "
            "`either`, the `antimicrobial` or the `culture` alone: ricu `si_mode`.",
        ),
        Choice(
            argument="cultures",
            default="any",
            readings="`any`: Seymour 2016, mimic-code; `positive` ones alone, once that "
            "is known: ricu `positive_cultures`.",
        ),
        Choice(
            argument="screens",
            default="count",
            readings="Surveillance swabs: `count` (mimic-code), or `ignore`.",
        ),
    ),
    traps=(
        (
            "A culture and an antimicrobial charted at the very same time pair with nothing "
            "in mimic-code."
        ),
        "At midnight of its day a culture comes up to a day before the antimicrobial.",
        "One dose is enough; Rhee asks for two, Valik for a second 6 to 48 hours later.",
        (
            "An order and the doses given of it are as many doses as were given, if the "
            "source ties them together; where it does not, an order counts beside them."
        ),
        "A surveillance swab is a culture by every published query.",
    ),
)

SEPSIS3_SPEC = Specification(
    name="sepsis3",
    title="Sepsis-3",
    version="2016",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Under policy `mimic` equal, row for row, to mimic-code's table of the MIMIC-IV "
        "demo; the baselines `cummin`, `start` and `prior24` were read in ricu's "
        "documentation, `admission` in a registry's text, and `prehospital`, our "
        "default, has no published table to compare with."
    ),
    rule=(
        "Suspected infection, and SOFA at least 2 points above the baseline at a moment "
        "from 48 hours before suspicion until 24 hours after it, both ends included.\n\n"
        "Onset is the observation that made the points; the moments of suspicion and of "
        "dysfunction are told beside it, since there is no agreed onset.\n\n"
        "An episode is provisional until its window closes: until then an earlier "
        "dysfunction may still be told."
    ),
    sources=(
        "Singer M et al., JAMA 2016;315:801-810, doi 10.1001/jama.2016.0287",
        "Seymour CW et al., JAMA 2016;315:762-774, doi 10.1001/jama.2016.0288",
        "MIT-LCP/mimic-code sepsis3.sql, commit 8bcbd190, MIT",
        "ricu 0.6.3, commit c0efac7 (its documentation alone: GPL-3)",
        "NCT04990232 (ImmunoSep), as registered: baseline `admission`",
    ),
    inputs=tuple(
        dict.fromkeys(
            (*SUSPICION_SPEC.inputs, *SOFA_SPEC.inputs, "encounter", "condition")
        )
    ),
    choices=(
        Choice(
            argument="before",
            default="48 h",
            readings="48 h: Seymour 2016, mimic-code, ricu.",
        ),
        Choice(
            argument="after",
            default="24 h",
            readings="24 h: Seymour 2016, mimic-code, ricu.",
        ),
        Choice(
            argument="baseline",
            default="prehospital",
            readings="`zero` (mimic-code; Singer 2016 for who is not known to have been "
            "ill); `cummin`, `start`, `prior24` (ricu); `prehospital`: 0 but for organs "
            "known to fail chronically (ours); `admission` (ImmunoSep).",
        ),
        Choice(
            argument="prior24_sees",
            default="record",
            readings=(
                "Whether the 24 hours before may begin before the window: `record`, "
                "yes (ours); `window`, no. The words of ricu's documentation do not "
                "say."
            ),
        ),
        Choice(
            argument="admission_score",
            default="first_day",
            readings=(
                "The worst of the first 24 hours (ours), or the `first_score`; "
                "ImmunoSep's registry text does not say."
            ),
        ),
        Choice(
            argument="came_with_infection",
            default="48 h",
            readings=(
                "How soon after coming suspicion counts as brought along: 48 h, the "
                "usual bound of hospital-acquired infection (ours; ImmunoSep: "
                "admitted at the ED)."
            ),
        ),
        Choice(argument="delta", default="2", readings="2: Singer 2016."),
        Choice(
            argument="onset_at",
            default="observation",
            readings="The `observation` that made the points (ours), or the `hour_end` "
            "of mimic-code's `sofa_time`.",
        ),
        Choice(
            argument="per",
            default="encounter",
            readings="One episode a hospital stay (ours), or an `icu_stay` "
            "(mimic-code).",
        ),
        Choice(
            argument="suspicion",
            default="as `suspected_infection`",
            readings="See `suspected_infection`.",
        ),
        Choice(argument="sofa", default="as `sofa`", readings="See `sofa`."),
    ),
    traps=(
        (
            "The points of the brain are those of `sofa`: under sedatives without a word "
            "of a tube they can be the drug's."
        ),
        (
            "There is no agreed onset: suspicion, dysfunction and the earlier or later of "
            "both are all published."
        ),
        (
            "Against a baseline of zero everybody with chronic dysfunction is septic at "
            "the first culture."
        ),
        "The window begins before the ICU does, and often before the hospital.",
        (
            "In a record of history the codes of chronic diseases are known at discharge: "
            "an episode may then be withdrawn."
        ),
    ),
)
