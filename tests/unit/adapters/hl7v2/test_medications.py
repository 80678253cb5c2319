"""Drugs ordered, stopped, dispensed, given; infusions and their rates."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Cancellation, Infusion, Medication
from streams.vocabulary.facts import Flag


VANCO = "VAN1^Vancomycin 1 g^LOC"
NOR = "7512^norepinephrine^RXNORM"


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 28, hour, minute, tzinfo=UTC)


def orc(control: str, status: str = "", number: str = "P1") -> str:
    return f"ORC|{control}|{number}|||{status}||||20261128100000"


def rxe(drug: str = VANCO, dose: str = "1", unit: str = "g") -> str:
    return f"RXE||{drug}|{dose}||{unit}"


def rxa(
    drug: str = VANCO,
    amount: str = "1",
    unit: str = "g",
    *,
    n: str = "1",
    end: str = "",
    notes: str = "",
    time: str = "",
    done: str = "CP",
    action: str = "",
) -> str:
    return (
        f"RXA|0|{n}|20261128101500|{end}|{drug}|{amount}|{unit}||{notes}|||{time}"
        f"||||||||{done}|{action}"
    )


IV, PO, EYE = "RXR|IV", "RXR|PO", "RXR|OPH^Both eyes"


def only(events, kind, *segments):
    (event,) = events(kind, *segments)
    return event


def test_an_order_is_told_with_its_dose_route_and_plan(events):
    timing = "TQ1|1||||||20261128110000|20261205110000"
    told = only(events, "RDE^O11", orc("NW"), timing, rxe(), IV)
    assert isinstance(told, Medication)
    assert (told.stage, told.order_id, told.happened_at) == ("ordered", "P1", at(10))
    assert (told.sent_drug, told.dose, told.unit, told.route) == (
        "Vancomycin 1 g",
        1.0,
        "g",
        "IV",
    )
    assert told.antimicrobial is True
    assert told.planned_start == at(11)
    assert told.planned_stop == datetime(2026, 12, 5, 11, tzinfo=UTC)


def test_older_versions_have_the_plan_in_orc(events):
    old = "ORC|NW|P1|||||^^^20261128110000^20261129110000||20261128100000"
    told = only(events, "RDE^O01", old, rxe(), IV)
    assert (told.planned_start, told.planned_stop) == (
        at(11),
        datetime(2026, 11, 29, 11, tzinfo=UTC),
    )


def test_the_plan_may_be_in_the_encoded_order(events):
    coded = f"RXE|3^Q24H^INDEF^20261128110000^20261129110000|{VANCO}|1||g"
    told = only(events, "RDE^O11", orc("NW"), coded, IV)
    assert (told.planned_start, told.planned_stop) == (
        at(11),
        datetime(2026, 11, 29, 11, tzinfo=UTC),
    )


@pytest.mark.parametrize("control", ["DC", "OD", "CA", "OC", "RP"])
def test_a_discontinued_order_is_stopped(events, control):
    told = only(events, "RDE^O11", orc(control), rxe(), IV)
    assert (told.stage, told.order_id) == ("stopped", "P1")


def test_a_change_of_status_to_discontinued_stops(events):
    assert only(events, "RDE^O11", orc("SC", "DC"), rxe(), IV).stage == "stopped"


@pytest.mark.parametrize("control", ["HD", "UA"])
def test_a_hold_or_a_refusal_orders_nothing(events, control):
    assert events("RDE^O11", orc(control), rxe(), IV) == []


def test_an_order_and_its_end_are_two_facts_and_a_change_is_the_same(events):
    first = only(events, "RDE^O11", orc("NW"), rxe(), IV)
    changed = only(events, "RDE^O11", orc("XO"), rxe(dose="2"), IV)
    ended = only(events, "RDE^O11", orc("DC"), rxe(), IV)
    assert first.event_id == changed.event_id != ended.event_id


def test_what_an_order_asks_is_read_where_nothing_is_encoded(events):
    told = only(events, "ORM^O01", orc("NW"), f"RXO|{VANCO}|1||g", IV)
    assert (told.stage, told.dose, told.unit) == ("ordered", 1.0, "g")
    told = only(events, "RDE^O11", orc("NW"), f"RXO|{VANCO}|9||g", IV, rxe())
    assert told.dose == 1.0


def test_what_is_dispensed_is_told(events):
    told = only(events, "RDS^O13", orc("NW"), f"RXD|1|{VANCO}|20261128102000|2|g", IV)
    assert (told.stage, told.happened_at, told.dose) == ("dispensed", at(10, 20), 2.0)


def test_a_dose_is_given_at_its_own_time(events):
    told = only(events, "RAS^O17", orc("RE"), rxa(), IV)
    assert (told.stage, told.happened_at, told.antimicrobial) == (
        "given",
        at(10, 15),
        True,
    )


@pytest.mark.parametrize("done", ["NA", "RE"])
def test_a_dose_refused_or_left_out_is_not_given_and_is_the_same_fact(events, done):
    given = only(events, "RAS^O17", orc("RE"), rxa(), IV)
    told = only(events, "RAS^O17", orc("RE"), rxa(done=done), IV)
    assert (told.stage, told.event_id) == ("not_given", given.event_id)


def test_a_deleted_administration_is_cancelled(events):
    given = only(events, "RAS^O17", orc("RE"), rxa(), IV)
    told = only(events, "RAS^O17", orc("RE"), rxa(action="D"), IV)
    assert isinstance(told, Cancellation)
    assert told.cancels == given.event_id


@pytest.mark.parametrize(
    ("drug", "route", "antimicrobial"),
    [
        (VANCO, IV, True),
        (VANCO, EYE, False),
        ("A^Acetaminophen^LOC", PO, False),
        ("A^Amoxicillin^LOC", PO, True),
    ],
)
def test_a_systemic_antimicrobial_is_one_by_its_name_and_route(
    events, drug, route, antimicrobial
):
    told = only(events, "RAS^O17", orc("RE"), rxa(drug), route)
    assert told.antimicrobial is antimicrobial


def test_an_antimicrobial_without_a_route_is_unknown_and_told(read):
    told = read("RAS^O17", orc("RE"), rxa())
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]
    assert told.told[0].events[0].antimicrobial is None


def test_a_drug_of_no_map_is_counted_and_kept(read):
    told = read("RAS^O17", orc("RE"), rxa("Z9^Zebrafin^LOC"), PO)
    assert [str(one) for one in told.unmapped] == ["LOC|Z9"]
    event = told.told[0].events[0]
    assert (event.drug, event.sent_drug, event.flags) == (
        None,
        "Zebrafin",
        (Flag.UNMAPPED,),
    )


def test_a_name_without_a_code_passes_where_it_is_a_drugs(read, events):
    told = only(events, "RAS^O17", orc("RE"), rxa("^Vancomycin HCl"), IV)
    assert (told.sent_drug, told.antimicrobial) == ("vancomycin", True)
    told = read("RAS^O17", orc("RE"), rxa("^Maria Muster"), IV)
    assert [fault.code for fault in told.faults] == [ErrorCode.MISSING_VALUE]
    assert "Muster" not in repr(told.told) + repr(told.faults)


@pytest.mark.parametrize(
    ("amount", "unit", "time", "rate"),
    [
        ("0.2", "mcg/kg/min", "", 0.2),
        ("0.2", "mcg", "kg/min", 0.2),
        ("12", "ug/kg/h", "", 0.2),
        ("16", "ug/min", "", None),
        ("5", "mL", "hr", None),
    ],
)
def test_a_rate_is_an_infusion_in_the_drugs_unit_or_unknown(
    events, amount, unit, time, rate
):
    told = only(events, "RAS^O17", orc("RE"), rxa(NOR, amount, unit, time=time), IV)
    assert isinstance(told, Infusion)
    assert (told.phase, told.drug, told.infusion_id) == (
        "started",
        "norepinephrine",
        "P1",
    )
    assert told.rate == pytest.approx(rate)
    assert told.sent_rate == float(amount)


def test_a_rate_by_the_minute_needs_the_weight_beside_it(events):
    weight = "OBX|1|NM|29463-7^Weight^LN||80|kg|||||F|||20261128101500"
    _, told = events("RAS^O17", orc("RE"), rxa(NOR, "16", "ug/min"), IV, weight)
    assert (told.rate, told.weight_kg) == (pytest.approx(0.2), 80.0)


def test_phases_are_told_by_their_words_the_counter_or_a_rate_of_0(events):
    def phase(**more):
        segment = rxa(NOR, more.pop("amount", "0.2"), "ug/kg/min", **more)
        return only(events, "RAS^O17", orc("RE"), segment, IV).phase

    assert phase() == "started"
    assert phase(n="2") == "changed"
    assert phase(notes="^rate changed") == "changed"
    assert phase(notes="^stopped") == "stopped"
    assert phase(amount="0") == "stopped"


def test_an_end_is_a_fact_of_its_own(events):
    began, ended = events(
        "RAS^O17", orc("RE"), rxa(NOR, "0.2", "ug/kg/min", end="20261128113000"), IV
    )
    assert (began.phase, ended.phase, ended.happened_at) == (
        "started",
        "stopped",
        at(11, 30),
    )


def test_a_rate_of_the_salt_is_unknown(events):
    told = only(
        events, "RAS^O17", orc("RE"), rxa("E1^Epinephrine^LOC", "0.1", "ug/kg/min"), IV
    )
    assert (told.drug, told.rate, told.sent_rate) == ("epinephrine", None, 0.1)


@pytest.mark.parametrize("name", ["Noradrenaline 4 mg", "Norepinephrine", "LEVOPHED"])
def test_one_drug_has_many_names(events, name):
    told = only(events, "RAS^O17", orc("RE"), rxa(f"X^{name}^LOC", "4", "mg"), IV)
    assert (told.kind, told.drug) == ("medication", "norepinephrine")


@pytest.mark.parametrize(
    ("amount", "unit", "code"),
    [
        ("-1", "ug/kg/min", ErrorCode.IMPOSSIBLE_VALUE),
        ("1", "[IU]/h", ErrorCode.UNKNOWN_UNIT),
    ],
)
def test_a_rate_that_cannot_be_is_told(read, amount, unit, code):
    told = read("RAS^O17", orc("RE"), rxa(NOR, amount, unit), IV)
    assert [fault.code for fault in told.faults] == [code]


def test_two_drugs_of_one_message_are_two_facts(events):
    told = events(
        "RAS^O17",
        orc("RE"),
        rxa(),
        IV,
        orc("RE", number="P2"),
        rxa("A^Amoxicillin^LOC"),
        PO,
    )
    assert [(e.order_id, e.route) for e in told] == [("P1", "IV"), ("P2", "PO")]


def test_the_parts_of_a_mixture_are_told_beside_it(events):
    mixture, part = events(
        "RDE^O11",
        orc("NW"),
        rxe("MIX^IV mixture^LOC", "250", "mL"),
        IV,
        "RXC|B|NS^Sodium chloride 0.9 %^LOC|250|mL",
        "RXC|A|VAN1^Vancomycin^LOC|1|g",
    )
    assert (mixture.sent_drug, mixture.flags) == ("IV mixture", (Flag.UNMAPPED,))
    assert (part.sent_drug, part.dose, part.unit, part.antimicrobial) == (
        "Vancomycin",
        1.0,
        "g",
        True,
    )
    assert (part.stage, part.order_id, part.flags) == ("ordered", "P1", ())
    assert part.event_id != mixture.event_id


@pytest.mark.parametrize(
    ("done", "action", "stage"),
    [
        ("CP", "A", "given"),
        ("PA", "", "given"),
        ("Given", "", "given"),
        ("", "Given", "given"),
        ("CP", "New Bag", "given"),
        ("NA", "", "not_given"),
        ("RE", "", "not_given"),
        ("Not Given", "", "not_given"),
        ("", "Held", "not_given"),
        ("CP", "Missed", "not_given"),
        ("C^Canceled Entry", "", "not_given"),
    ],
)
def test_what_was_held_or_missed_was_not_given(events, done, action, stage):
    told = only(events, "RAS^O17", orc("RE"), rxa(done=done, action=action), IV)
    assert told.stage == stage


@pytest.mark.parametrize(
    ("done", "action"), [("XX", ""), ("CP", "Due"), ("?", "Given")]
)
def test_a_status_nobody_knows_gives_nothing_and_is_told(read, done, action):
    told = read("RAS^O17", orc("RE"), rxa(done=done, action=action), IV)
    assert not [e for one in told.told for e in one.events if e.kind == "medication"]
    assert [fault.code for fault in told.faults] == [ErrorCode.UNKNOWN_STATUS]


@pytest.mark.parametrize(
    ("action", "rate", "phase"),
    [
        ("New Bag", "0.1", "changed"),
        ("Rate Change", "0.2", "changed"),
        ("Restarted", "0.2", "started"),
        ("Stopped", "", "stopped"),
    ],
)
def test_a_charts_action_tells_the_infusions_phase(events, action, rate, phase):
    given = rxa(NOR, rate, "ug/kg/min", n="4", action=action)
    told = only(events, "RAS^O17", orc("RE"), given, IV)
    assert isinstance(told, Infusion)
    assert told.phase == phase


def test_an_amount_of_999_without_a_unit_is_unknown(events):
    assert (
        only(events, "RAS^O17", orc("RE"), rxa(amount="999", unit=""), IV).dose is None
    )
    assert only(events, "RAS^O17", orc("RE"), rxa(amount="999"), IV).dose == 999.0


@pytest.mark.parametrize("dose", ["2-5", ">5", "875/125", "two"])
def test_a_range_or_a_bound_is_no_dose(events, dose):
    told = only(events, "RDE^O11", orc("NW"), rxe(dose=dose), IV)
    assert (told.dose, told.unit) == (None, None)


@pytest.mark.parametrize(
    "name", ["Noradrenalin 0,2 mg/ml", "Noradrénaline", "ARTERENOL"]
)
@pytest.mark.parametrize("way", ["IV", "i.v.", "47625008^Intravenous^SCT", "EV"])
def test_a_pressor_is_known_by_its_names_and_an_infusion_by_its_way(events, name, way):
    given = rxa(f"1^{name}^L", "0.1", "ug/kg/min")
    told = only(events, "RAS^O17", orc("RE"), given, f"RXR|{way}")
    assert isinstance(told, Infusion)
    assert (told.drug, told.rate) == ("norepinephrine", 0.1)
