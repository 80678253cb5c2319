"""Vignettes that are wrong say so, and so do protocols that disagree with them."""

from importlib.resources import files

import pytest

from streams.clinical.criteria.loading import load_protocol
from streams.pipeline.vignettes import all_differences, parse_vignettes
from streams.vocabulary.errors import ProtocolError


FOLDER = files("streams.protocols")
PROTOCOL = FOLDER.joinpath("ember_demo.yaml").read_text("utf-8")
VIGNETTES = FOLDER.joinpath("ember_demo.vignettes.yaml").read_text("utf-8")


def test_the_shipped_patients_agree_with_the_shipped_protocol():
    assert all_differences(load_protocol(PROTOCOL), parse_vignettes(VIGNETTES)) == []


def test_a_lower_age_limit_shows_in_the_boys_at_its_edge():
    younger = load_protocol(PROTOCOL.replace(">= 18 years", ">= 16 years"))
    assert all_differences(younger, parse_vignettes(VIGNETTES)) == [
        "sixteen: status is needs_human, not ineligible",
        "sixteen: I1 is TRUE, not FALSE",
        "eighteen-this-year: status is needs_human, not needs_data",
        "eighteen-this-year: I1 is TRUE, not UNKNOWN",
    ]


def test_a_domain_that_does_not_exist_is_a_difference():
    text = VIGNETTES.replace("domain: corticosteroid", "domain: elsewhere", 1)
    found = all_differences(load_protocol(PROTOCOL), parse_vignettes(text))
    assert found == ["man-in-shock: the protocol has no domain elsewhere"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("vignettes:", "vignettes: [", "EMB-201"), ("story:", "tale:", "EMB-202")],
)
def test_vignettes_at_fault_are_refused(old, new, code):
    with pytest.raises(ProtocolError) as caught:
        parse_vignettes(VIGNETTES.replace(old, new, 1))
    assert caught.value.code.value == code
