"""AL1, IAM, DG1 and PR1: allergies, diagnoses, procedures.

Source: HL7 v2.8.2 chapters 3 (AL1, IAM) and 6 (DG1, PR1); tables 0127 and 0128 for
allergies, 0206 for what is to be done with one, 0438 for how sure it is.
"""

from __future__ import annotations

from types import MappingProxyType

from streams.adapters.hl7v2.products import known_drug
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment
from streams.adapters.site.codes import Coding
from streams.adapters.translation import UnmappedCode
from streams.vocabulary.codes import Code, Icd9Cm, Icd10Cm, Snomed
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Allergy, Condition, Procedure


_SYSTEMS: MappingProxyType[str, type[Code]] = MappingProxyType(
    {
        **dict.fromkeys(("I9", "I9C", "I9CDX", "ICD9", "ICD9CM", "ICD-9"), Icd9Cm),
        **dict.fromkeys(("ICD-9-CM", "2.16.840.1.113883.6.103"), Icd9Cm),
        **dict.fromkeys(("I10", "I10C", "ICD10", "ICD10CM", "ICD-10"), Icd10Cm),
        **dict.fromkeys(("ICD-10-CM", "10", "2.16.840.1.113883.6.90"), Icd10Cm),
        **dict.fromkeys(("SCT", "SNM", "SNOMED", "SNOMED-CT", "SNOMEDCT"), Snomed),
        "2.16.840.1.113883.6.96": Snomed,
        **{cls.system: cls for cls in (Icd9Cm, Icd10Cm, Snomed)},
    }
)
_SEVERITIES = MappingProxyType(
    {"SV": "severe", "MO": "moderate", "MI": "mild", "U": "unknown"}
)
_NONE_KNOWN = ("no known", "nka", "nkda", "none known")
_SUBSTANCES = {
    *("penicillin", "penicillins", "cephalosporins", "sulfa", "sulfonamides", "iodine"),
    *("latex", "contrast", "aspirin", "codeine", "nsaids", "statins", "opioids"),
    *("morphine", "heparin", "ibuprofen", "paracetamol", "egg", "eggs", "peanut"),
    *(
        "peanuts",
        "nuts",
        "shellfish",
        "milk",
        "soy",
        "wheat",
        "gelatin",
        "chlorhexidine",
    ),
}
_RRT = ("dialysis", "haemofiltration", "hemofiltration", "crrt", "cvvh")
_NAMED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rrt", _RRT),
    ("extubation", ("extubation",)),
    ("intubation", ("intubation",)),
    ("ecmo", ("ecmo", "extracorporeal membrane")),
)


def read_allergy(reading: Reading, al1: Segment) -> None:
    """An allergy on record; a substance without a code passes where it is known.

    One without a day of its own is that of the admission: a list that is sent again
    and again makes it no younger.
    """
    _allergy(reading, al1, reading.when(al1, 6), taken_back=False)


def read_adverse_reaction(reading: Reading, iam: Segment) -> None:
    """The same of an IAM, which names its action; what was entered in error is none."""
    erroneous = iam.text(6).upper() == "D" or iam.text(17).upper() == "E"
    reported = reading.when(iam, 13) or reading.when(iam, 11)
    _allergy(reading, iam, reported, taken_back=erroneous)


def _allergy(
    reading: Reading, told: Segment, at: Moment | None, *, taken_back: bool
) -> None:
    coding = _coding(told, 3)
    substance = (coding.label or coding.code) if coding.code else _known(coding.label)
    if not substance:
        reading.fault(
            told,
            3,
            ErrorCode.MISSING_VALUE,
            "The allergy has no code, and its words name no substance that is known.",
            f"Send {told.name}-3.1.",
        )
        return
    none = substance.lower().startswith(_NONE_KNOWN)
    found = at or reading.admitted or _issued(reading)
    event_id = f"allergy:{coding.code or substance}"
    if taken_back:
        reading.cancel(event_id, found.at, rank=1)
        return
    reading.events.append(
        Allergy(
            event_id=event_id,
            happened_at=found.at,
            known_at=reading.received_at,
            version=reading.version(),
            flags=reading.flags(found),
            substance=substance,
            present=not none,
            severity=_SEVERITIES.get(told.text(4).upper()),
        )
    )


def read_diagnosis(reading: Reading, dg1: Segment) -> None:
    """A diagnosis, from its own time or else from the message on.

    By DG1-21 D it is taken back; one without a code is somebody's prose.
    """
    coding = _coding(dg1, 3)
    if not coding.code:
        reading.fault(
            dg1,
            3,
            ErrorCode.MISSING_VALUE,
            "The diagnosis has no code; a description alone is not read.",
            "Send DG1-3.",
        )
        return
    code = _code(reading, dg1, coding)
    if code is None:
        return
    at = reading.when(dg1, 5) or _issued(reading)
    event_id = f"diagnosis:{reading.encounter or ''}:{code}"
    if dg1.text(21).upper() == "D":
        reading.cancel(event_id, at.at, rank=1)
        return
    rank = dg1.text(15)
    reading.events.append(
        Condition(
            event_id=event_id,
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at),
            code=code,
            rank=int(rank) if rank.isdecimal() and len(rank) < 5 else None,
        )
    )


def read_procedure(reading: Reading, pr1: Segment) -> None:
    """Something done, at its own time."""
    coding = _coding(pr1, 3)
    at = reading.when(pr1, 5)
    if not coding.code or at is None:
        reading.fault(
            pr1,
            3 if at else 5,
            ErrorCode.MISSING_VALUE,
            "The procedure lacks its code or its time.",
            "Send PR1-3 and PR1-5.",
        )
        return
    number = pr1.text(19) or ""
    second = at.second
    key = reading.reference(number) if number else f"{coding.code}:{second}"
    reading.events.append(
        Procedure(
            event_id=f"procedure:{key}",
            happened_at=at.at,
            known_at=reading.received_at,
            version=reading.version(),
            encounter=reading.encounter,
            flags=reading.flags(at),
            procedure_id=key,
            name=_named(coding),
            code=str(coding),
        )
    )


def _coding(segment: Segment, field: int) -> Coding:
    first = [segment.text(field, at) for at in range(1, 7)]
    code, label, system, other_code, other_label, other_system = first
    if code or not other_code:
        return Coding(system, code, label or other_label)
    return Coding(other_system, other_code, other_label or label)


def _code(reading: Reading, dg1: Segment, coding: Coding) -> str | None:
    """`system|code`, checked; DG1-2 names the system in versions before 2.3."""
    system = (coding.system or dg1.text(2)).upper()
    known = _SYSTEMS.get(system) or _SYSTEMS.get(coding.system)
    if known is None:
        reading.leave_unmapped(
            UnmappedCode(system=coding.system, code=coding.code, label=coding.label)
        )
        return str(coding)
    try:
        return str(known(coding.code.upper()))
    except InputError:
        reading.fault(
            dg1,
            3,
            ErrorCode.MALFORMED_CODE,
            f"The code is none of {known.system}.",
            "Check the code, or the system that DG1-3.3 names.",
        )
        return None


def _named(coding: Coding) -> str:
    told = f"{coding.code} {coding.label}".lower()
    found = (name for name, words in _NAMED if any(word in told for word in words))
    return next(found, coding.label or coding.code)


def _known(label: str) -> str:
    """The substance that the words are the name of."""
    plain = label.strip().lower()
    if plain in _SUBSTANCES or plain.startswith(_NONE_KNOWN):
        return plain if plain in _SUBSTANCES else "no known allergy"
    return known_drug(label) or ""


def _issued(reading: Reading) -> Moment:
    return reading.header.issued or Moment(reading.received_at)
