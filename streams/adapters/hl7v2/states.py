"""That a patient is pregnant, or is not to be resuscitated.

By PV1-15, PV2-45 and PD1-15, and pregnancy also by an OBX that asks for it. Only what
is there is told: most senders leave these fields empty for everybody.
Source: HL7 v2.8.2 chapter 3; tables 0009 (ambulatory status) and 0435 (advance
directive).
"""

from __future__ import annotations

from streams.adapters.hl7v2.answers import Answer
from streams.adapters.hl7v2.groups import PatientGroup
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.hl7v2.times import Moment
from streams.vocabulary.events import CodeStatus, Pregnancy


_PREGNANT = "B6"
_ANSWERS = {
    **dict.fromkeys(("77386006", "LA15173-0", "Y", "YES", "PREGNANT"), True),
    **dict.fromkeys(("60001007", "LA26683-5", "N", "NO", "NOT PREGNANT"), False),
}
"""SNOMED CT, LOINC's answers, and words."""
_NO_RESUSCITATION = "DNR"


def read_states(reading: Reading, group: PatientGroup) -> None:
    """What ADT tells of the patient beside the stay, from when the message was issued."""
    at = reading.header.issued or reading.admitted
    if at is None:
        return
    pv1 = group.first("PV1")
    statuses = pv1.repetitions(15) if pv1 is not None else ()
    if any(one.text().upper() == _PREGNANT for one in statuses):
        reading.events.append(
            Pregnancy(
                event_id=f"pregnant:{reading.encounter or at.second}",
                happened_at=at.at,
                known_at=reading.received_at,
                version=reading.version(),
                encounter=reading.encounter,
                flags=reading.flags(at),
                pregnant=True,
                basis="PV1-15",
            )
        )
    told = [
        one.text().upper()
        for name, number in (("PV2", 45), ("PD1", 15))
        if (segment := group.first(name)) is not None
        for one in segment.repetitions(number)
    ]
    if _NO_RESUSCITATION in told:
        reading.events.append(
            CodeStatus(
                event_id=f"code_status:{reading.encounter or at.second}",
                happened_at=at.at,
                known_at=reading.received_at,
                version=reading.version(),
                encounter=reading.encounter,
                flags=reading.flags(at),
                status="dnr",
            )
        )


def pregnancy(
    reading: Reading,
    obx: Segment,
    said: Answer,
    event_id: str,
    at: Moment,
    version: int,
) -> Pregnancy:
    """The answer to whether the patient is pregnant; None where it is no clear one."""
    told = (said.code.rpartition("|")[2], obx.text(5), obx.text(5, 2))
    known = (_ANSWERS.get(one.upper()) for one in told)
    return Pregnancy(
        event_id=event_id,
        happened_at=at.at,
        known_at=reading.received_at,
        version=version,
        encounter=reading.encounter,
        flags=reading.flags(at),
        pregnant=next((one for one in known if one is not None), None),
        basis="OBX",
    )
