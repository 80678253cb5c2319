"""MIMIC-IV on FHIR: all 28 files, beside the tables of the same 100 patients.

The differences are listed in `deploy/docs/fhir.md`, one by one; this keeps the list.
"""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from streams.adapters.fhir.mimic_iv import MimicIvFhir
from streams.adapters.intake import IntakeReport
from streams.adapters.mimic_iv.source import MimicIv
from streams.app.history.detect import Counts, sepsis3_rows
from streams.app.history.sources import History
from streams.clinical.definitions.policies import EMBER
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Fluid,
    Infusion,
    Medication,
)
from streams.vocabulary.facts import Flag


pytestmark = pytest.mark.shared

BOSTON = ZoneInfo("America/New_York")

INFUSIONS_OF_FHIR_ALONE = {
    ("10004720", "morphine"): 3,
    ("10007818", "morphine"): 4,
    ("10010471", "hydromorphone"): 1,
    ("10017492", "morphine"): 1,
    ("10026255", "morphine"): 1,
    ("10035631", "dexmedetomidine"): 6,
    ("10035631", "hydromorphone"): 3,
    ("10037861", "morphine"): 3,
    ("10037975", "morphine"): 1,
    ("10040025", "dexmedetomidine"): 6,
}
"""Items that the tables' map does not have; FHIR gives their names."""

INFUSIONS_THAT_END_OTHERWISE = {
    ("10004422", "propofol"): 1,
    ("10004733", "propofol"): 1,
    ("10005817", "propofol"): 2,
    ("10010867", "propofol"): 3,
    ("10014078", "propofol"): 1,
    ("10014729", "propofol"): 1,
    ("10018081", "propofol"): 1,
    ("10020944", "midazolam"): 1,
    ("10021487", "midazolam"): 1,
    ("10029291", "midazolam"): 1,
    ("10029291", "propofol"): 1,
    ("10035631", "midazolam"): 1,
    ("10037861", "propofol"): 1,
    ("10037975", "propofol"): 1,
    ("10038081", "propofol"): 1,
    ("10038933", "propofol"): 1,
}
"""A dose from the bag and the infusion start in one minute; the tables' copy has the
rate on the row of the dose."""

RATES_OF_FHIR_ALONE = {
    "dexmedetomidine": 502,
    "fentanyl": 822,
    "midazolam": 176,
    "propofol": 1233,
}
"""The tables' copy has the number without its unit."""

RESULTS_FILED_TWICE = {
    ("10002495", "118525"): 1,
    ("10016150", "1332954"): 1,
    ("10016742", "3291458"): 1,
    ("10021487", "3368810"): 1,
    ("10021487", "3575952"): 1,
    ("10021487", "4513542"): 3,
    ("10027602", "6392916"): 1,
    ("10031757", "5317800"): 1,
}
"""One isolate whose susceptibilities were filed at two times."""

INTERMEDIATE = 28
"""Susceptibilities that are `I` in the tables and `IND` on FHIR."""


NOT_ON_FHIR = {"chartevents", "labevents"}

SEPTIC_IN_TABLES_ALONE = {("10040025", "36107367")}
"""The tables' order begins less than a day before the culture; on FHIR it is told when
it was written, a day earlier."""


@pytest.fixture(scope="module")
def account():
    return IntakeReport()


@pytest.fixture(scope="module")
def on_fhir(shared_data, account):
    return list(MimicIvFhir(shared_data / "mimic-iv-demo-fhir").events(account))


@pytest.fixture(scope="module")
def in_tables(mimic_demo):
    """What FHIR's files have, too: charts and laboratory are in none of them."""
    events = MimicIv(mimic_demo).events(IntakeReport())
    return [sourced for sourced in events if sourced.source not in NOT_ON_FHIR]


def of(sourced, kind):
    """Patient and event of one kind."""
    return [(s.patient, s.event) for s in sourced if isinstance(s.event, kind)]


def septic(sourced):
    """By patient and stay in the unit: the points at the onset of Sepsis-3."""
    lines = {}
    for one in sourced:
        lines.setdefault(one.patient, Timeline()).apply(one.event, one.source)
    return {
        tuple(row[:2]): tuple(row[6:])
        for patient, line in lines.items()
        for row in sepsis3_rows(patient, line, policy=EMBER, counts=Counts())
    }


def wall(moment):
    """Boston's clock, which the tables' times are of."""
    return moment.astimezone(BOSTON).replace(tzinfo=None)


def naive(moment):
    return moment.replace(tzinfo=None)


@pytest.mark.usefixtures("on_fhir")
def test_every_line_of_all_files_is_accounted_for(account):
    assert len(account.tables) == 28
    assert account.rejected == 0
    for name, counts in account.tables.items():
        assert counts.read == counts.mapped + counts.filed_unread, name
    filed = {n: c.filed_unread for n, c in account.tables.items() if c.filed_unread}
    assert filed == {"MimicMedicationDispense": 14_293, "MimicOrganization": 1}
    assert sum(counts.read for counts in account.tables.values()) == 152_346


def test_every_culture_organism_and_susceptibility_is_mapped(on_fhir, account):
    results = [event for _, event in of(on_fhir, CultureResult)]

    assert len(of(on_fhir, CultureCollected)) == 1_893
    assert len([event for event in results if event.organism]) == 338
    assert sum(len(event.susceptibilities) for event in results) == 1_036
    micro = [n for n in account.tables if n.startswith("MimicObservationMicro")]
    assert [account.tables[name].unmapped.total() for name in micro] == [0, 0, 0]


def test_every_administration_of_the_icu_is_told(on_fhir):
    told = [s.event for s in on_fhir if s.source == "MimicMedicationAdministrationICU"]

    assert {type(event) for event in told} == {Infusion, Medication, Fluid}
    assert len({event.event_id.split(":")[1] for event in told}) == 20_404


def test_the_cultures_are_those_of_the_tables(on_fhir, in_tables):
    def collected(sourced, clock):
        return {
            (who, e.culture_id, e.specimen, e.encounter, clock(e.happened_at))
            for who, e in of(sourced, CultureCollected)
        }

    def tests(sourced):
        return Counter(
            (who, e.culture_id, test.strip())
            for who, e in of(sourced, CultureCollected)
            for test in e.test.split(";")
        )

    assert collected(on_fhir, wall) == collected(in_tables, naive)
    assert tests(on_fhir) == tests(in_tables)


def test_the_results_are_those_of_the_tables_but_for_the_list(on_fhir, in_tables):
    def results(sourced):
        return Counter(
            (who, e.culture_id, e.test.strip(), e.organism, e.positive)
            for who, e in of(sourced, CultureResult)
        )

    def times(sourced, clock):
        return {
            (who, e.culture_id, e.organism, clock(e.happened_at))
            for who, e in of(sourced, CultureResult)
            if e.susceptibilities
        }

    here, there = results(on_fhir), results(in_tables)
    assert here - there == Counter()
    assert Counter(key[:2] for key in (there - here).elements()) == (
        RESULTS_FILED_TWICE
    )
    assert times(on_fhir, wall) <= times(in_tables, naive)


def test_the_susceptibilities_are_those_of_the_tables_but_for_a_letter(
    on_fhir, in_tables
):
    def tried(sourced):
        return Counter(
            (
                who,
                e.culture_id,
                e.organism,
                s.antimicrobial,
                s.mic,
                s.comparator,
                s.interpretation,
            )
            for who, e in of(sourced, CultureResult)
            for s in e.susceptibilities
        )

    here, there = tried(on_fhir), tried(in_tables)
    assert {key[-1] for key in here - there} == {"IND"}
    assert {key[-1] for key in there - here} == {"I"}
    assert Counter({(*k[:-1], "I"): n for k, n in (here - there).items()}) == (
        there - here
    )
    assert (here - there).total() == INTERMEDIATE


def test_the_infusions_are_those_of_the_tables_but_for_the_list(on_fhir, in_tables):
    def phases(sourced, clock):
        return Counter(
            (who, e.drug, e.phase, clock(e.happened_at), e.stay, e.encounter)
            for who, e in of(sourced, Infusion)
        )

    here, there = phases(on_fhir, wall), phases(in_tables, naive)
    alone, ended = here - there, there - here
    started = Counter((k[0], k[1]) for k in alone.elements() if k[2] == "started")
    stopped = Counter((k[0], k[1]) for k in alone.elements() if k[2] == "stopped")
    assert started == INFUSIONS_OF_FHIR_ALONE
    assert Counter((k[0], k[1]) for k in ended.elements()) == (
        INFUSIONS_THAT_END_OTHERWISE
    )
    assert {k[2] for k in ended} == {"stopped"}
    assert stopped == started + Counter(INFUSIONS_THAT_END_OTHERWISE)


def test_the_rates_are_those_of_the_tables_where_they_have_a_unit(on_fhir, in_tables):
    def rates(sourced, clock):
        return {
            (who, e.drug, e.phase, clock(e.happened_at)): e.rate
            for who, e in of(sourced, Infusion)
        }

    here, there = rates(on_fhir, wall), rates(in_tables, naive)
    both = here.keys() & there.keys()
    unknown = Counter(key[1] for key in both if there[key] is None)
    assert not [key for key in both if here[key] is None]
    for key in both:
        if there[key] is not None:
            assert here[key] == pytest.approx(there[key], rel=1e-5)
    assert unknown == RATES_OF_FHIR_ALONE


def test_the_stays_with_sepsis_are_those_of_the_tables_but_for_one(on_fhir, in_tables):
    fhir, tables = septic(on_fhir), septic(in_tables)
    assert len(fhir) == 35
    assert tables.keys() - fhir.keys() == SEPTIC_IN_TABLES_ALONE
    assert fhir == {stay: tables[stay] for stay in fhir}


def test_nothing_is_known_before_it_happened(on_fhir):
    early = [s for s in on_fhir if s.event.known_at < s.event.happened_at]

    assert early == []
    assert not [s for s in on_fhir if Flag.FUTURE in s.event.flags]


def test_only_the_subjects_asked_for_are_read(shared_data):
    history = History(
        "mimic-iv-fhir", shared_data / "mimic-iv-demo-fhir", frozenset({"10007795"})
    )
    found = {message.patient for message in history.messages(IntakeReport())}

    assert found == {"10007795"}


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError) as refused:
        list(MimicIvFhir(tmp_path).events(IntakeReport()))
    assert refused.value.code == ErrorCode.MISSING_TABLE
