"""A site's configuration: what it may say, and how it is told what is wrong."""

import pytest

from streams.adapters.site.codes import CodeMap, Coding
from streams.adapters.site.configuration import read_site
from streams.vocabulary.errors import ErrorCode, SettingsError


NORTH = """
site: north
zone: Europe/London
authorities: [MR@NORTH, MR@]
units: {G/l: 10*9/L}
codes:
  - {code: 4711, concept: glucose, unit: mmol/L}
  - {system: LN, code: 2160-0, concept: creatinine, unit: umol/L}
  - {code: BC, kind: culture}
code_files: [more.csv]
wards: {ITU: {level: icu}}
vasoactives: {norepinephrine: salt}
"""
MORE = "system,code,kind,concept,unit,specimen,method\nL,K,,potassium,mmol/L,blood,\n"


@pytest.fixture
def written(tmp_path):
    def write(text, more=MORE):
        (tmp_path / "more.csv").write_text(more)
        (tmp_path / "site.yaml").write_text(text)
        return tmp_path / "site.yaml"

    return write


def test_codes_are_found_in_the_sites_map_before_loinc(written):
    codes = CodeMap(read_site(written(NORTH)))

    assert codes.find(Coding("", "4711")).concept == "glucose"
    assert codes.find(Coding("99LAB", "4711")).concept == "glucose"
    assert codes.find(Coding("LN", "2160-0")).unit == "umol/L"
    assert codes.find(Coding("LN", "2823-3")).concept == "potassium"
    assert codes.find(Coding("L", "K"), Coding("LN", "2160-0")).concept == "potassium"
    assert codes.find(Coding("L", "2823-3")) is None
    assert codes.find() is None


def test_a_code_is_written_as_system_and_code():
    assert str(Coding("LN", "2160-0")) == "http://loinc.org|2160-0"
    assert str(Coding("99LAB", "K")) == "urn:ember:local|99LAB:K"
    assert str(Coding("", "K")) == "urn:ember:local|K"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("zone: Europe/London", "zone: London", "zone"),
        ("zone: Europe/London", "", "zone"),
        ("concept: glucose", "concept: sugar", "codes.0: there is no concept"),
        ("10*9/L}", "furlong}", "units.G/l"),
        ("level: icu", "level: nice", "wards.ITU.level"),
        ("site: north", "site: north/1", "site"),
        ("norepinephrine:", "aspirin:", "vasoactives.aspirin"),
        ("site: north", "site: north\nsurprise: 1", "surprise"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(written, old, new, place):
    with pytest.raises(SettingsError) as told:
        read_site(written(NORTH.replace(old, new)))

    assert told.value.code is ErrorCode.BAD_SETTING
    assert place in told.value.problem


def test_a_line_of_a_code_file_is_named(written):
    with pytest.raises(
        SettingsError, match=r"more\.csv: line 2, as a whole: there is no concept"
    ):
        read_site(written(NORTH, MORE.replace("potassium", "sugar")))


def test_no_file_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_site(tmp_path / "nowhere.yaml")
