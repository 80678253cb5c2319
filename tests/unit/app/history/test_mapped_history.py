"""Histories that a mapping reads: what singles one out, and who was asked for."""

import pytest

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history, read_subjects
from streams.vocabulary.errors import InputError, SettingsError


MAPPING = """
mapping: 1
source: own
site: {site: my-hospital, zone: Europe/Berlin, identity: public}
grouped: true
tables:
  - table: vitals
    patient: id
    at: time
    columns: {hr: {concept: heart_rate, unit: /min}}
"""
ROWS = (
    "id,time,hr\nA,2026-03-01 08:00,80\nA,2026-03-01 07:00,70\nB,2026-03-01 09:00,90\n"
)


@pytest.fixture
def opened(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "vitals.csv").write_text(ROWS)
    (tmp_path / "own.yaml").write_text(MAPPING)

    def open_it(subjects=None):
        if subjects is not None:
            (tmp_path / "some.txt").write_text("\n".join(subjects))
            subjects = tmp_path / "some.txt"
        return open_history("table", folder, subjects, mapping=tmp_path / "own.yaml")

    open_it.folder = tmp_path
    return open_it


def test_a_patient_s_timeline_is_in_order_though_nothing_is_sorted(opened):
    timelines = dict(opened().timelines(IntakeReport()))
    assert list(timelines) == ["A", "B"]
    rates = timelines["A"].lane("measurement:heart_rate").all()
    assert [fact.value for fact in rates] == [70.0, 80.0]


def test_messages_are_of_the_site_and_in_the_order_they_became_known(opened):
    messages = list(opened().messages(IntakeReport()))
    assert {m.site for m in messages} == {"my-hospital"}
    assert [m.events[0].value for m in messages] == [70.0, 80.0, 90.0]
    assert opened().zone == "Europe/Berlin"


def test_another_mapping_or_other_rows_are_another_run(opened):
    once = opened().fingerprint("rule")
    assert once == opened().fingerprint("rule") != opened().fingerprint("another")
    mapping = opened.folder / "own.yaml"
    mapping.write_text(MAPPING.replace("Berlin", "Paris"))
    other = opened().fingerprint("rule")
    assert other != once
    mapping.write_text(MAPPING)
    (opened.folder / "tables/vitals.csv").write_text(ROWS + "C,2026-03-01,1\n")
    assert opened().fingerprint("rule") not in {once, other}


def test_who_is_not_there_is_told(opened):
    some = opened(["B", "nobody"])
    assert [p for p, _ in some.timelines(IntakeReport())] == ["B"]
    assert some.never_met() == ["nobody"]
    with pytest.raises(InputError, match="tells nothing of the subjects") as raised:
        list(opened(["nobody"]).events(IntakeReport()))
    assert raised.value.code == "EMB-304"


def test_subjects_of_mimic_are_numbers_and_others_are_not(tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("p000001\n")
    assert read_subjects(path, numbered=False) == {"p000001"}
    with pytest.raises(InputError):
        read_subjects(path)


def test_a_site_that_is_not_public_needs_keys(opened, monkeypatch):
    monkeypatch.delenv("EMBER_IDENTITY_KEYS", raising=False)
    mapping = opened.folder / "own.yaml"
    mapping.write_text(MAPPING.replace(", identity: public", ""))
    with pytest.raises(SettingsError, match="must be named, and there is no key"):
        opened()
