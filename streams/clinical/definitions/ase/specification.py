"""What the two events of the toolkit tell of themselves."""

from __future__ import annotations

from streams.clinical.definitions.ase.bse import INPUTS as SHOCK_INPUTS
from streams.clinical.definitions.ase.events import INPUTS
from streams.clinical.specification import Choice, Grade, Specification


_TOOLKIT = (
    "CDC, Hospital Toolkit for Adult Sepsis Surveillance, March 2018, CS289729-A",
    "Rhee C et al., JAMA 2017;318:1241-1249, doi 10.1001/jama.2017.13836",
)

_WINDOW = Choice(
    argument="window_days",
    default="2",
    readings="2 calendar days before and after the culture's day: p. 6; NHSN's draft 1",
)

_COMMUNITY = Choice(
    argument="community_days",
    default="2",
    readings="2: the last hospital day of community onset (p. 8); 3 from the emergency "
    "department (NHSN's draft)",
)

_BASELINE = Choice(
    argument="baseline",
    default="fixed_point",
    readings=(
        "`fixed_point`: judged again with the whole stay where the onset turns out to "
        "be community's (ours); `culture_day`: by the culture's day alone (clifpy)"
    ),
)

_WHO = Choice(
    argument="unknown_age",
    default="unknown",
    readings="`unknown`: never confirmed; `adult`: a hospital without children (clifpy)",
)

_REPEATS = (
    Choice(
        argument="repeats, repeat_days",
        default="timeframe; 14",
        readings=(
            "`timeframe`: 14 days (p. 9, optional); `one_per_stay` (Rhee 2017); `every`"
        ),
    ),
    Choice(
        argument="repeat_day_1",
        default="onset",
        readings="`onset`: the day itself (NHSN's habit); `day_after` (clifpy)",
    ),
    Choice(
        argument="community_repeats",
        default="merged",
        readings="`merged`: one community-onset event a stay; `each` (clifpy)",
    ),
)

_RATE = Choice(
    argument="hospital_rate",
    default="hospital",
    readings=(
        "what the hospital-onset rate counts: `hospital` (ours, as it must "
        "mean); `community`: the toolkit's formula prints CO events"
    ),
)

_THEATRE = Choice(
    argument="theatre",
    default="never_given",
    readings=(
        "a vasopressor of the operating room does not count; on the next day the drug "
        "is new (`never_given`: p. 15, clifpy) or not (`given_before`)"
    ),
)

ASE_SPEC = Specification(
    name="ase",
    title="CDC Adult Sepsis Event",
    version="2018-03",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The rules were read in the toolkit and are restated in the reference document; "
        "of its seven figures only Figure 4 and the worked case were there to test "
        "against. Equal to clifpy 2.1.0 on 1,500 drawn stays where its reading agrees. "
        "The routes of the drugs added after 2018 are general knowledge."
    ),
    rule=(
        "An infection is presumed: a blood culture was taken, whatever grew, and four "
        "qualifying antimicrobial days (QAD) follow. The first is the first day in the "
        "window (two calendar days before the culture to two days after) with an "
        "antimicrobial not given on the two days before; the others follow without a "
        "break, of the same or of other drugs begun since. A single day between two "
        "doses of one drug counts. By mouth and by vein are one drug, but for "
        "vancomycin. One new parenteral drug must be begun in the window. Fewer days "
        "are enough if they run until the day of, or the day before, death, comfort "
        "care, or discharge to hospice or another acute hospital.\n\n"
        "An organ fails in the same window: a vasopressor not given on the day before "
        "(outside the operating room), invasive ventilation begun, creatinine doubled or "
        "eGFR halved (without end-stage renal disease), bilirubin at least 2.0 mg/dL "
        "and doubled, platelets below 100 and halved from at least 100; optionally "
        "lactate at least 2.0 mmol/L.\n\n"
        "Onset is the earliest day of culture, first QAD and dysfunction; until "
        "hospital day 2 it is community's, and baselines are the best of the whole "
        "stay, otherwise the best of the window. Adults, in-patients or dead in the "
        "emergency department. All days are calendar days of the hospital."
    ),
    sources=(*_TOOLKIT, "clifpy 2.1.0, utils/ase.py, Apache-2.0 (for comparison)"),
    inputs=INPUTS,
    choices=(
        _WHO,
        Choice(
            argument="antimicrobials",
            default="newer, toolkit",
            readings="Appendix A cleaned of misprints, with or without CLIF's newer drugs",
        ),
        Choice(
            argument="doses",
            default="given",
            readings="`given`: administrations (the toolkit); `ordered`: days of orders",
        ),
        Choice(
            argument="unknown_route",
            default="as_listed",
            readings=(
                "`as_listed`: never parenteral if it may be oral (ours); `leave_out` "
                "(ours)"
            ),
        ),
        Choice(
            argument="first_qad",
            default="first_day",
            readings="`first_day`: to the letter, clifpy; `any_day` that reaches four",
        ),
        Choice(
            argument="parenteral",
            default="first_dose",
            readings="`first_dose` of the drug (clifpy); `any_dose` in the window",
        ),
        Choice(
            argument="lactate, lactate_unit",
            default="no; mmol/L",
            readings="optional on p. 5; the worksheet prints mg/dL",
        ),
        Choice(
            argument="bilirubin_rise",
            default="100%",
            readings="100 % in criterion B4, 50 % on the worksheet",
        ),
        Choice(
            argument="platelet_unit, platelet_baseline",
            default="10*3/uL; at_least",
            readings="cells/µL in B5, 10⁹/L in Appendix C; ≥ 100 text, > 100 worksheet",
        ),
        Choice(
            argument="esrd_codes, coding_days",
            default="N186; 14",
            readings="clifpy adds five codes; codes are filed after the stay (ours)",
        ),
        _THEATRE,
        Choice(
            argument="ventilation_gap",
            default="2",
            readings="dates 2 apart (clifpy), or 3: two whole days between",
        ),
        Choice(
            argument="needed_days",
            default="4",
            readings="4 qualifying antimicrobial days: p. 5, NHSN's draft",
        ),
        _WINDOW,
        _COMMUNITY,
        _BASELINE,
        *_REPEATS,
        _RATE,
    ),
    traps=(
        "For surveillance afterwards: the toolkit says it must not guide treatment.",
        "One prophylactic dose in the window begins the count, and may break it.",
        "A baseline seen on the day of discharge can make an event of the first day.",
        "An hour more or less of time zone moves doses to other days.",
        "A patient without any hospital stay on record has no event.",
        "Platelets that were never 100, and values censored on both sides, never count.",
    ),
)

_OF_ASE = tuple(
    Choice(
        argument=choice.argument,
        default=choice.default,
        readings="Of `ase` alone: an event of this kind does not ask for it.",
    )
    for choice in ASE_SPEC.choices
    if choice not in (_WHO, _THEATRE, _WINDOW, _COMMUNITY, *_REPEATS)
)

BSE_SPEC = Specification(
    name="bse",
    title="CDC Bacteremia/Fungemia Shock Event",
    version="2018-03",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The rule was read in the toolkit; the list of common commensals it refers to "
        "was not, and stands here from general knowledge. No published code to compare."
    ),
    rule=(
        "A recognised pathogen, no common commensal, from blood by culture or another "
        "test, and a new vasopressor (as in the Adult Sepsis Event) begun from two "
        "calendar days before the specimen was taken to two days after. Onset is the "
        "first such day. A preliminary result makes it provisional."
    ),
    sources=_TOOLKIT,
    inputs=SHOCK_INPUTS,
    choices=(_WHO, _THEATRE, _WINDOW, _COMMUNITY, *_REPEATS, *_OF_ASE),
    traps=(
        "What a stain shows is not a recognised pathogen.",
        "Other tests of blood count where the source files them as results of a specimen.",
    ),
)
