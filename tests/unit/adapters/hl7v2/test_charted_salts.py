"""A chart's rate of a vasoactive that the site charts as its salt."""

from datetime import UTC, datetime

import pytest

from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import CodeEntry, SiteConfiguration


CHARTED = (
    b"MSH|^~\\&|EHR|ONE|||202603011200||ORU^R01|1|P|2.5\r"
    b"PID|1||77^^^ONE^MR\r"
    b"OBR|1|||CHART^Charted^L|||202603011200|||||||||||||||202603011200|||F\r"
    b"OBX|1|NM|NORAD^Noradrenaline^L||RATE|ug/kg/min|||||F|||202603011200\r"
)


@pytest.mark.parametrize(
    ("charted_as", "sent", "rate"),
    [("base", "0.2", 0.2), ("salt", "0.2", None), ("salt", "0", 0.0)],
)
def test_a_rate_of_the_salt_is_unknown(charted_as, sent, rate):
    site = SiteConfiguration(
        site="one",
        zone="UTC",
        codes=(CodeEntry(code="NORAD", kind="drug", concept="norepinephrine"),),
        vasoactives={"norepinephrine": charted_as},
    )
    reader = Hl7Translator(site, CodeMap(site), Pseudonyms("one", {1: b"k" * 32}))

    told = reader.translate(
        CHARTED.replace(b"RATE", sent.encode()),
        received_at=datetime(2026, 3, 1, 13, tzinfo=UTC),
    )

    (infusion,) = (e for one in told.told for e in one.events if e.kind == "infusion")
    assert infusion.rate == rate
    assert infusion.sent_rate == float(sent)
