"""Coverage-guided fuzzing of the FHIR reader: no bytes may raise, hang or grow.

    python tests/fuzz/fhir.py -max_total_time=60

atheris runs it with its own options (libFuzzer's) and ends with status 0 where nothing
was found; `make fuzz` installs atheris and runs this for a minute.
"""

import sys
from datetime import UTC, datetime

import atheris


with atheris.instrument_imports(include=["streams.adapters"]):
    from streams.adapters.fhir.history import dated
    from streams.adapters.fhir.notification import read_notification
    from streams.adapters.fhir.translator import FhirTranslator
    from streams.adapters.identity.pseudonyms import Pseudonyms
    from streams.adapters.site.codes import CodeMap
    from streams.adapters.site.configuration import SiteConfiguration
from streams.vocabulary.errors import InputError


AT = datetime(2026, 11, 28, tzinfo=UTC)
SITE = SiteConfiguration(site="fuzz", zone="America/New_York")
LIMIT = 50
KINDS = (
    *(b"Patient", b"Encounter", b"Location", b"Observation", b"DiagnosticReport"),
    *(b"Specimen", b"Medication", b"MedicationRequest", b"MedicationAdministration"),
    *(b"MedicationStatement", b"AllergyIntolerance", b"Procedure", b"Condition"),
    *(b"Device", b"DeviceUseStatement", b"ServiceRequest"),
)
FIELDS = (
    *(b"id", b"subject", b"status", b"code", b"encounter", b"effectiveDateTime"),
    *(b"effectivePeriod", b"issued", b"valueQuantity", b"valueCodeableConcept"),
    *(b"component", b"hasMember", b"derivedFrom", b"specimen", b"meta", b"contained"),
    *(b"identifier", b"birthDate", b"deceasedDateTime", b"link", b"class", b"period"),
    *(b"location", b"partOf", b"type", b"collection", b"medicationReference"),
    *(b"medicationCodeableConcept", b"dosage", b"valueString", b"patient", b"request"),
)
VALUES = (
    *(b'"1"', b'"final"', b'"entered-in-error"', b'"2026-11-28T10:00:00Z"', b'"2026"'),
    *(b'{"reference":"Patient/1"}', b'{"reference":"#1"}', b'{"reference":"urn:x"}'),
    *(b'[{"reference":"Observation/1"}]', b'{"coding":[{"code":"2524-7"}]}'),
    b'{"coding":[{"system":"http://loinc.org","code":"2524-7"}]}',
    b'{"value":2,"code":"mmol/L"}',
    b'{"value":1e999}',
    b'{"value":"x","comparator":"<"}',
    b'{"start":"2026-11-28","end":"2026-11-27"}',
    b'{"lastUpdated":"2026-11-28T11:00:00Z","versionId":"3"}',
    b'[{"system":"urn:oid:1.2","value":"4"}]',
    b'[{"resourceType":"Observation","id":"1"}]',
    b'{"rateQuantity":{"value":5,"code":"ug/kg/min"}}',
    b'{"method":"DELETE","url":"Observation/1"}',
    *(b"null", b"[]", b"{}", b"0", b"true"),
)
BUNDLE = b'{"resourceType":"Bundle","type":"history","entry":[{"resource":%s},%s]}'


def resource_of(data: bytes) -> bytes:
    """A resource whose elements and values the bytes choose."""
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    pairs = zip(data[1::2], data[2::2], strict=False)
    chosen = (
        b'"%s":%s' % (FIELDS[name % len(FIELDS)], VALUES[value % len(VALUES)])
        for name, value in pairs
    )
    return b"{%s}" % b",".join((b'"resourceType":"%s"' % kind, *chosen))


class Reader:
    """A translator that forgets what it read, at times, and all it wrote down."""

    def __init__(self) -> None:
        self.translator = self._new()
        self.read = 0

    def take(self, payload: bytes) -> None:
        """Read it live and as an export, and remember it."""
        self.read += 1
        for origin in ("live", "export"):
            told = self.translator.translate(payload, received_at=AT, origin=origin)
            if told.told and told.outcome != "mapped":
                raise AssertionError(told.outcome)
            for one in told.told:
                for event in one.events:
                    dated(event, AT)
        rows = self.translator.changed()
        self._new().recall(rows)
        if self.translator.held > LIMIT + 2:
            raise AssertionError(self.translator.held)
        if self.read % 500 == 0:
            written = self.translator.pending()
            self.translator = self._new()
            self.translator.restore(written)

    @staticmethod
    def _new() -> FhirTranslator:
        names = Pseudonyms("fuzz", {1: b"k" * 32})
        return FhirTranslator(SITE, CodeMap(SITE), names, limit=LIMIT)


READER = Reader()


def one(data: bytes) -> None:
    """Read the bytes as they are, as choices of a resource, and in a Bundle."""
    resource = resource_of(data)
    for payload in (data, resource, BUNDLE % (resource, data or b"{}")):
        READER.take(payload)
    try:
        read_notification(data)
    except InputError:
        return


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
