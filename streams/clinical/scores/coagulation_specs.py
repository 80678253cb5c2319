"""What SIC and overt DIC tell of themselves."""

from __future__ import annotations

from streams.clinical.specification import Choice, Grade, Specification


_PICK = Choice(
    argument="pick",
    default="latest",
    readings="latest; worst of the window (papers that score a day)",
)

SIC_SPEC = Specification(
    name="sic",
    title="Sepsis-induced coagulopathy",
    version="2017",
    grade=Grade.VERIFIED,
    grade_reason=(
        "The table of Iba 2017 (BMJ Open, table 3) was read itself, but for its bands of "
        "platelets, which the stored copy lost; those are the reference's. Window and "
        "choice among several results are ours."
    ),
    rule=(
        "INR above 1.2: 1 point, above 1.4: 2.\n\n"
        "Platelets below 150: 1 point, below 100: 2 (10*9/L).\n\n"
        "SOFA of respiration, circulation, liver and kidney together: 1 point for 1, 2 "
        "for 2 or more.\n\n"
        "SIC: at least 4 points, more than 2 of them of INR and platelets."
    ),
    sources=("Iba T et al., BMJ Open 2017;7:e017046, doi 10.1136/bmjopen-2017-017046",),
    inputs=(
        "measurement:inr",
        "measurement:platelets",
        "measurement:bilirubin_total",
        "measurement:creatinine",
        "measurement:map",
        "measurement:pao2",
        "measurement:fio2",
        "measurement:blood_gas_specimen",
        "respiratory_support",
        "fluid:urine",
        "fluid:gu_irrigant",
        "infusion:",
    ),
    choices=(
        _PICK,
        Choice(
            argument="window",
            default="24 h",
            readings="24 h (ours); the paper scores a day",
        ),
        Choice(
            argument="sofa",
            default="as `sofa`",
            readings="any reading of SOFA (1996), see sofa",
        ),
    ),
    traps=(
        "Anticoagulants raise the INR: points without coagulopathy.",
        (
            "A restatement (J Res Med Sci 2021) gives 2 points at an INR of 1.4 itself; "
            "the paper above it."
        ),
        "SIC presumes sepsis; the score does not look for it.",
    ),
)

OVERT_DIC_SPEC = Specification(
    name="overt_dic",
    title="Overt disseminated intravascular coagulation (ISTH)",
    version="2001",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Taylor 2001 was not read; four restatements agree but for which side of 3 s, "
        "6 s and 1 g/L counts. ISTH never set cut-offs for a moderate and a strong rise."
    ),
    rule=(
        "Platelets below 100: 1 point, below 50: 2 (10*9/L).\n\n"
        "A fibrin marker moderately raised: 2 points, strongly: 3, by the laboratory's "
        "own cut-offs for its assay.\n\n"
        "Prothrombin time 3 s over the upper limit of normal: 1 point, 6 s: 2.\n\n"
        "Fibrinogen below 1 g/L: 1 point.\n\n"
        "Overt DIC: at least 5 points."
    ),
    sources=(
        "Taylor FB et al., Thromb Haemost 2001;86:1327-1330",
        "J Res Med Sci 2021;26:102, table 1, doi 10.4103/jrms.JRMS_1295_20",
    ),
    inputs=(
        "measurement:platelets",
        "measurement:d_dimer_feu",
        "measurement:d_dimer_ddu",
        "measurement:fdp",
        "measurement:pt",
        "measurement:fibrinogen",
    ),
    choices=(
        Choice(
            argument="assays",
            default="d_dimer_feu from 1 and above 2, fdp from 10 and above 25",
            readings=(
                "2 to 4 times the upper limit (J Res Med Sci 2021); up to 5 mg/L as "
                "moderate (a hospital laboratory); the site's own"
            ),
        ),
        Choice(
            argument="pt_upper",
            default="none",
            readings=(
                "none: PT tells nothing (ours); the site's own upper limit of normal "
                "(ISTH scores seconds above it)"
            ),
        ),
        Choice(
            argument="prolongation",
            default="2 for 6 to inf, 1 for 3 to 6, 0 for -inf to 3",
            readings=(
                "PROLONGATION (3 s and 6 s count: the reference, ISTH 2019); "
                "PROLONGATION_ABOVE (they do not: CCJM, ASH)"
            ),
        ),
        Choice(
            argument="window",
            default="24 h",
            readings="24 h (ours): how old a result may be; ISTH scores a day",
        ),
        _PICK,
    ),
    traps=(
        (
            "D-dimer in FEU and in DDU differ about twofold, by assay; neither is ever "
            "converted into the other, and an assay without cut-offs tells nothing."
        ),
        (
            "The score is for patients with a disorder known to bring DIC about; it does "
            "not look for one."
        ),
        "Fibrinogen is an acute-phase protein: normal in much of septic DIC.",
    ),
)
