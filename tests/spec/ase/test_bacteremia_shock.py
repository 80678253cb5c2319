"""The Bacteremia/Fungemia Shock Event: a pathogen and a new vasopressor."""

import pytest

from streams.clinical.definitions.ase.bse import bacteremia_shock_events
from streams.clinical.definitions.ase.organisms import organism
from streams.vocabulary.events import CultureResult


GRID = """
day            | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
culture        |   |   |   | C |   |   |   |
norepinephrine | {}
leaves         |   |   |   |   |   |   |   | home
"""
ZONE = "America/New_York"


@pytest.fixture
def shock(stay, at):
    """The events of a grid and of results: day, status, organism."""

    def ask(row, *results, now=None):
        timeline = stay(GRID.format(row))
        for number, (day, status, name) in enumerate(results):
            result = CultureResult(
                event_id=f"r{number}",
                happened_at=at(day, 9),
                known_at=at(day, 9),
                culture_id="0.4",
                status=status,
                positive=name is not None,
                organism=name,
            )
            timeline.apply(result, result.event_id)
        return bacteremia_shock_events(timeline, zone=ZONE, now=now)

    return ask


AUREUS = "STAPH AUREUS COAG +"
SKIN = "STAPHYLOCOCCUS, COAGULASE NEGATIVE"


@pytest.mark.parametrize(
    ("row", "day"),
    [
        (" | | | | |x|", 6),
        (" | | | | | |x", None),
        (" |x| | | | |", 2),
        ("x| | | | | |", None),
        (" | | |x|x| |", 4),
    ],
)
def test_onset_is_the_first_day_of_the_vasopressor_in_the_window(shock, on, row, day):
    found = shock(row, (6, "final", AUREUS))
    assert [e.onset_day for e in found] == ([on(day)] if day else [])
    for event in found:
        assert event.status == "confirmed"
        assert event.onset == ("community" if day <= 2 else "hospital")
        assert event.organisms == (AUREUS,)


def test_a_commensal_a_stain_or_nothing_is_no_event(shock):
    assert shock(" | | |x", (6, "final", SKIN)) == ()
    assert shock(" | | |x", (6, "final", None)) == ()
    assert shock(" | | |x", (5, "preliminary", "GRAM POSITIVE COCCI")) == ()
    assert shock(" | | |x") == ()


def test_a_preliminary_pathogen_is_provisional_until_the_final_word(shock, at):
    told = ((5, "preliminary", AUREUS), (7, "final", AUREUS))
    assert shock(" | | |x", *told, now=at(5, 8)) == ()
    (event,) = shock(" | | |x", *told, now=at(6, 0))
    assert (event.status, event.provisional_at) == ("provisional", at(5, 9))
    (event,) = shock(" | | |x", *told)
    assert (event.status, event.confirmed_at) == ("confirmed", at(7, 9))


def test_a_pathogen_that_turns_out_to_be_none_is_withdrawn(shock, at):
    (event,) = shock(" | | |x", (5, "preliminary", AUREUS), (7, "final", SKIN))
    assert (event.status, event.withdrawn_at) == ("withdrawn", at(7, 9))


@pytest.mark.parametrize(
    ("name", "taken_for"),
    [
        ("STAPH AUREUS COAG +", "pathogen"),
        ("ESCHERICHIA COLI", "pathogen"),
        ("CANDIDA ALBICANS", "pathogen"),
        ("STAPHYLOCOCCUS, COAGULASE NEGATIVE", "commensal"),
        ("CORYNEBACTERIUM SPECIES (DIPHTHEROIDS)", "commensal"),
        ("Corynebacterium diphtheriae", "pathogen"),
        ("BACILLUS SPECIES; NOT ANTHRACIS", "commensal"),
        ("VIRIDANS STREPTOCOCCI", "commensal"),
        ("GRAM NEGATIVE ROD(S)", "unidentified"),
        ("", "unidentified"),
        (None, "unidentified"),
    ],
)
def test_organisms(name, taken_for):
    assert organism(name) == taken_for
