"""MRG: two identifiers that are one patient, and the undoing of it.

Source: HL7 v2.8.2 chapter 3, 3.6 (merges); A34 to A36 as versions before 2.3.1 have
them.
"""

from __future__ import annotations

from streams.adapters.hl7v2.identifiers import mrg_identifier
from streams.adapters.hl7v2.reading import Reading
from streams.adapters.hl7v2.splitter import Segment
from streams.adapters.identity.pseudonyms import Sighting
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import PatientMerge, PatientUnmerge


OF_PATIENTS = {"A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"}
"""One patient's record goes on under another's identifier, or under a new one."""
OF_ACCOUNTS = {
    **dict.fromkeys(
        ("A35", "A41", "A42", "A49", "A50"),
        "Two accounts or visits of one patient are one, or one has a new number; what "
        "was told stays under the old one.",
    ),
    **dict.fromkeys(
        ("A43", "A44", "A45"),
        "An identifier, an account or a visit is moved to another patient; what was "
        "told of it stays where it is.",
    ),
}
"""What is told of them, for no event does it: stays are not taken apart again."""
UNLINKS = {"A37"}


def read_merge(reading: Reading, trigger: str, mrg: Segment) -> Sighting | None:
    """The merge of MRG's patient into this one, and the identifier retired."""
    identifier = mrg_identifier(mrg, reading.site.configuration)
    if trigger in OF_ACCOUNTS:
        reading.fault(
            mrg,
            3,
            ErrorCode.UNUSABLE_MERGE,
            OF_ACCOUNTS[trigger],
            "Where a visit is another patient's, correct its facts at the source.",
        )
        return None
    if identifier is None:
        reading.fault(
            mrg,
            1,
            ErrorCode.UNUSABLE_MERGE,
            "Nothing names the patient whose record is merged.",
            "Send the retired identifier in MRG-1.",
        )
        return None
    retired = reading.site.name("patient", identifier)
    if retired == reading.patient:
        reading.fault(
            mrg,
            1,
            ErrorCode.UNUSABLE_MERGE,
            "A patient is merged with the same patient.",
            "Send the surviving identifier in PID-3, the retired one in MRG-1.",
        )
        return None
    reading.events.append(
        PatientMerge(
            event_id=f"merge:{retired}",
            happened_at=reading.header.issued_at or reading.received_at,
            known_at=reading.received_at,
            version=reading.version(),
            retired=retired,
        )
    )
    return Sighting(retired, reading.site.key_version, identifier)


def read_unlink(reading: Reading, other: str) -> None:
    """A37: this patient and that one are two persons after all."""
    reading.events.append(
        PatientUnmerge(
            event_id=f"merge:{other}",
            happened_at=reading.header.issued_at or reading.received_at,
            known_at=reading.received_at,
            version=reading.version(1),
            retired=other,
        )
    )
