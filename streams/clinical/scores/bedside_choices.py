"""What the bedside scores leave open: every argument, and who reads it how."""

from __future__ import annotations

from streams.clinical.specification import Choice


IMPLAUSIBLE = Choice(
    argument="implausible",
    default="count",
    readings="count (ours: the sickest have such values, and without one an older, "
    "better value would speak); leave_out",
)

CENSORED = Choice(
    argument="censored",
    default="interval",
    readings="interval: all that `<4` allows (ours); bound: the number as if measured "
    "(mimic-code)",
)

COUNTS = Choice(
    argument="counts",
    default="none",
    readings="none: what the adapter mapped to the concept (ours); source codes with "
    "limits (mimic-code's filters)",
)

PER_MOMENT = Choice(
    argument="per_moment",
    default="each",
    readings="each of several values of one moment (ours); their mean (mimic-code "
    "vitalsign.sql)",
)

_VITALS_WITHIN = Choice(
    argument="vitals_within",
    default="12 h",
    readings="12 h: the longest interval of observations that NEWS allows (RCP 2012, "
    "2017); its use for the other scores is ours",
)

_MISSING = Choice(
    argument="missing",
    default="unknown",
    readings="unknown: it could be anything (ours); normal (mimic-code, ricu)",
)

_EVERY = (_VITALS_WITHIN, _MISSING, IMPLAUSIBLE, CENSORED, COUNTS, PER_MOMENT)

_SEDATION = Choice(
    argument="sedation",
    default="as `gcs_sedation`",
    readings="what a total under sedation or a tube is worth, see gcs_sedation",
)

QSOFA_CHOICES = (
    Choice(
        argument="gcs_below",
        default="15",
        readings="15 (Singer 2016); 14, which is 13 and less (ricu)",
    ),
    Choice(
        argument="mentation",
        default="gcs_or_acvpu",
        readings="gcs (Singer 2016); acvpu; the later of both (ours, for wards)",
    ),
    Choice(
        argument="pick",
        default="latest",
        readings="latest (ours: at the bedside); worst of the window (Seymour 2016)",
    ),
    _SEDATION,
    *_EVERY,
)

SIRS_CHOICES = (
    Choice(
        argument="cold, hot",
        default="36; 38",
        readings="36 and 38 (Bone 1992); 36 and 38.3 (SEP-1); 35 and 38 (ADRENAL)",
    ),
    Choice(
        argument="pick",
        default="latest",
        readings="latest (ours); worst of the window (mimic-code's first day)",
    ),
    Choice(
        argument="laboratory_within",
        default="24 h",
        readings="24 h (ours): 1992 names no window",
    ),
    Choice(
        argument="alternatives",
        default="needed",
        readings="needed: a blood gas or band count not taken leaves the criterion open "
        "(ours); optional: the rate or the count alone settles it (mimic-code)",
    ),
    Choice(
        argument="carbon_dioxide",
        default="counts",
        readings="counts (Bone 1992); ignored (SEP-1)",
    ),
    Choice(
        argument="arterial",
        default="ART, ART., arterial",
        readings="names of arterial blood (ours); ART. alone (mimic-code)",
    ),
    Choice(
        argument="whole_gas",
        default="no",
        readings="no (ours); yes: PaCO2 counts only beside a PaO2 of its specimen "
        "(mimic-code bg.sql)",
    ),
    *_EVERY,
)

NEWS2_CHOICES = (
    Choice(
        argument="spo2_scale",
        default="charted",
        readings="charted (RCP 2017: a clinician's decision); 1; 2",
    ),
    Choice(
        argument="oxygen_unsaid",
        default="unknown",
        readings="unknown (ours); air (sites that chart oxygen only when given)",
    ),
    Choice(
        argument="consciousness",
        default="gcs_or_acvpu",
        readings="acvpu (RCP 2017); gcs below 15; the later of both (ours)",
    ),
    Choice(
        argument="pick",
        default="latest",
        readings="latest (RCP 2017: one set of observations); worst of the window",
    ),
    _SEDATION,
    *_EVERY,
)
