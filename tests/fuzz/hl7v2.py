"""Coverage-guided fuzzing of the HL7 v2 reader: no bytes may raise, hang or grow.

    python tests/fuzz/hl7v2.py -max_total_time=60

atheris runs it with its own options (libFuzzer's) and ends with status 0 where nothing
was found; `make fuzz` installs atheris and runs this for a minute.
"""

import sys
from datetime import UTC, datetime

import atheris


with atheris.instrument_imports(include=["streams.adapters"]):
    from streams.adapters.hl7v2.acknowledge import acknowledgement
    from streams.adapters.hl7v2.header import header
    from streams.adapters.hl7v2.identifiers import patient_of
    from streams.adapters.hl7v2.translator import Hl7Translator
    from streams.adapters.identity.pseudonyms import Pseudonyms
    from streams.adapters.site.codes import CodeMap
    from streams.adapters.site.configuration import SiteConfiguration
from streams.vocabulary.errors import InputError


AT = datetime(2026, 11, 28, tzinfo=UTC)
SITE = SiteConfiguration(site="fuzz", zone="America/New_York")
NAMES = Pseudonyms("fuzz", {1: b"k" * 32})
TRANSLATOR = Hl7Translator(SITE, CodeMap(SITE), NAMES)
HEAD = b"MSH|^~\\&|A|B|C|D|20261128||%s|1|P|2.5\rPID|1||4711^^^H^MR\r"
KINDS = (b"ORU^R01", b"ADT^A01", b"ADT^A40", b"OUL^R22", b"RDE^O11", b"RAS^O17")


def one(data: bytes) -> None:
    """Read the bytes as they are, and as what follows a good beginning."""
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    for payload in (data, HEAD % kind + data[1:]):
        told = TRANSLATOR.translate(payload, received_at=AT)
        if bool(told.told) != (told.outcome == "mapped"):
            raise AssertionError(told.outcome)
        patient_of(payload, SITE, NAMES)
        try:
            received = header(payload)
        except InputError:
            continue
        acknowledgement(received, "AA", at=AT, control_id="1")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
