"""Yelland's table, a row a case: what is kept, corrected, analysed."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from made_up.role_holders import let
from typer.testing import CliRunner

from registry.app.commands.misrandomisation import app
from registry.domain.conduct import Deviation
from registry.domain.extracts import COLUMNS, Cut, Extract
from registry.domain.misrandomisation import (
    RULINGS,
    Kind,
    corrected,
    fault_of_values,
    names_an_arm,
)
from registry.domain.randomisation.methods import Minimised
from registry.domain.stratum import levels_of
from registry.store.extracts import Wanted
from registry.usecases.record_misrandomisation import (
    MisrandomisationRecorded,
    MisrandomisationRefused,
    RecordMisrandomisation,
    record_misrandomisation,
)
from registry.usecases.verify_randomisation import verify_randomisation
from streams.vocabulary.errors import ErrorCode, Refused


HOUR = timedelta(hours=1)
SECOND = "TIDE-A-0002"
with (Path(__file__).parent / "misrandomised.csv").open(encoding="utf-8") as _file:
    CASES = list(csv.DictReader(_file))


@pytest.fixture
def minimised(bedside):
    """Two of one domain that is drawn by everybody before, the arms blinded."""
    design = replace(
        bedside.fluids,
        method=Minimised(
            weights=(("shock", Fraction(1)),), spread="range", p=Fraction(4, 5)
        ),
    )
    hidden = replace(bedside.fluids, domain="steroids", blinded=True)
    seals = bedside.registry.dialect == "postgresql"
    bedside.open_trial(design, *([hidden] if seals else []))
    bedside.admit("p1", "p2")
    for patient in ("p1", "p2"):
        assert bedside.randomise(patient).participant
    return bedside


def command(bedside, kind, **changed):
    usual = {
        "participant": SECOND,
        "domain": "fluids",
        "happened_at": bedside.noon + HOUR,
        "description": "as the case says",
        "actor": "investigator",
        "at": bedside.noon + 2 * HOUR,
    }
    return RecordMisrandomisation(kind=Kind(kind), **{**usual, **changed})


def told(case):
    """What the case tells, as the command wants it."""
    wants, value = RULINGS[Kind(case["kind"])].wants, case["told"]
    match wants:
        case "factors" | "covariates":
            return {"true_values": (tuple(value.split("=")),)}
        case "received" | "first":
            return {wants: value}
    return {}


def record(bedside, asked):
    with bedside.registry.transaction() as uow:
        return record_misrandomisation(asked, uow)


def exported(bedside):
    cut = bedside.noon + 3 * HOUR
    wanted = Wanted(
        extract=Extract.PARTICIPANTS,
        cut=Cut(recorded_until=cut, happened_until=cut),
        trial="TIDE",
    )
    names = [column.name for column in COLUMNS[Extract.PARTICIPANTS]]
    with bedside.registry.extracts() as extracts:
        rows = [dict(zip(names, r, strict=False)) for r in extracts.rows(wanted)]
    return {row["participant"]: row for row in rows}


def drawn(bedside):
    with bedside.registry.inspection() as uow:
        return uow.allocations.of_trial("TIDE")


def yes(value):
    return "yes" if value else "no"


def test_every_row_of_the_table_has_a_case():
    assert [case["kind"] for case in CASES] == [kind.value for kind in Kind]
    assert set(RULINGS) == set(Kind)


@pytest.mark.parametrize("case", CASES, ids=[case["kind"] for case in CASES])
def test_what_the_table_says_is_what_is_done(minimised, case):
    before = drawn(minimised)

    done = record(minimised, command(minimised, case["kind"], **told(case)))

    assert isinstance(done, MisrandomisationRecorded)
    after = {one.participant: one for one in drawn(minimised)}
    row = exported(minimised)[SECOND]
    with minimised.registry.inspection() as uow:
        one = after[SECOND]
        excluded = uow.allocations.exclusion(one.randomisation_id)
        deviation = uow.deviations.one(done.record.deviation_id)
        counted = uow.misrandomisations.of(one.randomisation_id)
    assert counted == (done.record,)
    assert isinstance(deviation, Deviation)
    found = {
        "still_allocated": yes(before == tuple(after.values())),
        "same_stratum": yes(levels_of(row["stratum"]) == levels_of(one.stratum)),
        "stratum_true": row["stratum_true"],
        "age_true": json.loads(row["covariates_true"])["age"],
        "received": done.record.received or "",
        "counts": yes(excluded is None and not row["counts_no_more"]),
        "deviation": deviation.kind,
        "important": yes(deviation.important),
    }
    assert found == {name: case[name] for name in found}
    assert row["misrandomised"] == case["kind"]
    assert minimised.broken_chains() == []


def test_the_first_allocation_of_one_person_keeps_counting(minimised):
    record(minimised, command(minimised, "twice_in_one_record", first="TIDE-A-0001"))
    rows = exported(minimised)

    assert [rows[f"TIDE-A-000{n}"]["counts_no_more"] for n in (1, 2)] == [False, True]
    minimised.admit("p3")
    minimised.randomise("p3")
    with minimised.registry.inspection() as uow:
        report = verify_randomisation("TIDE", uow, signer=minimised.signer)
    assert (report.holds, report.checked) == (True, 3)


def test_what_was_said_last_of_a_level_is_what_was_true(minimised):
    for level in ("no", "yes"):
        values = (("shock", level),)
        record(minimised, command(minimised, "wrong_stratum", true_values=values))

    assert exported(minimised)[SECOND]["stratum_true"] == "shock=yes"
    assert exported(minimised)["TIDE-A-0001"]["misrandomised"] is None


def test_what_was_true_is_a_level_that_the_protocol_has(bedside):
    shock = {"id": "shock", "if_true": "yes", "if_false": "no"}
    bedside.declare(domains=[{"id": "fluids", "strata": [shock]}])
    bedside.admit("p1")
    who = bedside.randomise("p1").participant

    def tell(level):
        values = (("shock", level),)
        return record(
            bedside,
            command(bedside, "wrong_stratum", participant=who, true_values=values),
        )

    refused = tell("maybe")
    assert isinstance(refused, MisrandomisationRefused)
    assert refused.obstacle.name == "no_such_value"
    assert isinstance(tell("no"), MisrandomisationRecorded)
    assert isinstance(tell("UNKNOWN"), MisrandomisationRecorded)


@pytest.mark.parametrize(
    ("kind", "changed", "code", "name"),
    [
        (
            "ineligible",
            {"participant": "TIDE-A-0009"},
            ErrorCode.UNKNOWN_PARTICIPANT,
            "no_such_participant",
        ),
        (
            "ineligible",
            {"domain": "drug"},
            ErrorCode.MISRANDOMISATION,
            "not_randomised",
        ),
        ("wrong_stratum", {}, ErrorCode.MISRANDOMISATION, "no_true_value"),
        (
            "wrong_stratum",
            {"true_values": (("age", "3"),)},
            ErrorCode.MISRANDOMISATION,
            "no_such_name",
        ),
        (
            "wrong_baseline",
            {"true_values": (("age", "3"), ("age", "4"))},
            ErrorCode.MISRANDOMISATION,
            "told_twice",
        ),
        (
            "wrong_baseline",
            {"true_values": (("age", "Mr Smith, born 1931"),)},
            ErrorCode.MISRANDOMISATION,
            "no_such_value",
        ),
        (
            "wrong_baseline",
            {"true_values": (("age", "old"),)},
            ErrorCode.MISRANDOMISATION,
            "no_such_value",
        ),
        (
            "wrong_stratum",
            {"true_values": (("shock", "no: see the chart"),)},
            ErrorCode.MISRANDOMISATION,
            "no_such_value",
        ),
        (
            "ineligible",
            {"received": "K-1"},
            ErrorCode.MISRANDOMISATION,
            "received_not_wanted",
        ),
        ("wrong_treatment", {}, ErrorCode.MISRANDOMISATION, "no_received"),
        (
            "twice_in_one_record",
            {"first": SECOND},
            ErrorCode.MISRANDOMISATION,
            "no_such_first",
        ),
        ("ineligible", {"description": " "}, ErrorCode.DEVIATION, "not_described"),
        (
            "twice_in_one_record",
            {"first": "TIDE-A-0001", "happened_at": None},
            ErrorCode.DEVIATION,
            "happened_in_the_future",
        ),
    ],
)
def test_what_does_not_fit_the_table_leaves_nothing(
    minimised, kind, changed, code, name
):
    if changed.get("happened_at", 0) is None:
        changed = changed | {"happened_at": minimised.noon + 9 * HOUR}
    done = record(minimised, command(minimised, kind, **changed))

    assert isinstance(done, MisrandomisationRefused)
    assert (done.obstacle.code, done.obstacle.name) == (code, name)
    with minimised.registry.inspection() as uow:
        assert uow.allocations.exclusions_of("TIDE") == ()
        assert uow.misrandomisations.of_trial(None) == ()
    with minimised.registry.reading() as views:
        assert views.deviations() == ()
    assert minimised.broken_chains() == []


def test_no_word_of_a_blinded_domain_names_an_arm(minimised, registry):
    if registry.dialect == "sqlite":
        pytest.skip("a live blinded trial is refused on SQLite")
    minimised.hear(minimised.verdict("p2", domain="steroids"))
    minimised.randomise("p2", domain="steroids")

    for changed in (
        {"received": "Standard"},
        {"received": "K-1", "description": "restrictive was meant"},
    ):
        asked = command(minimised, "wrong_treatment", domain="steroids", **changed)
        assert record(minimised, asked).obstacle.name == "names_an_arm"
    asked = command(
        minimised,
        "wrong_stratum",
        domain="steroids",
        true_values=(("shock", "standard"),),
    )
    assert record(minimised, asked).obstacle.name == "names_an_arm"


def test_the_first_of_a_person_is_none_that_is_itself_in_error(minimised):
    minimised.admit("p3")
    minimised.randomise("p3")
    record(minimised, command(minimised, "twice_in_one_record", first="TIDE-A-0001"))

    third = {"participant": "TIDE-A-0003", "first": SECOND}
    done = record(minimised, command(minimised, "twice_in_one_record", **third))

    assert done.obstacle.name == "first_is_in_error"
    assert exported(minimised)["TIDE-A-0003"]["counts_no_more"] is False


@pytest.mark.parametrize(
    ("frozen", "told", "name"),
    [
        ("71", "64.5", None),
        ("71", "UNKNOWN", None),
        ("71", "sixty", "no_such_value"),
        ("no_shock", "shock", None),
        ("no_shock", "shock, said Mrs Brown", "no_such_value"),
        ("2026-03-01T12:00:00Z", "2026-03-01T11:30:00Z", None),
        ("2026-03-01T12:00:00Z", "that night", "no_such_value"),
        (">=2", "<2", None),
    ],
)
def test_a_true_value_is_written_as_the_one_it_corrects(frozen, told, name):
    assert fault_of_values([("what", told)], {"what": frozen}) == name


def test_an_arm_is_known_in_whatever_case():
    assert names_an_arm("given STANDARD care", ("standard",))
    assert names_an_arm("got arm-b (2)", ("b (2)",))
    assert not names_an_arm("slow, below par", ("low",))


def test_corrections_leave_the_record_of_others_alone():
    assert corrected({"shock": "yes"}, Kind.WRONG_STRATUM, []) == {"shock": "yes"}


@pytest.mark.usefixtures("minimised")
def test_the_command_says_what_is_kept_and_refuses_in_words(registry, registry_url):
    let(registry, "investigator")
    words = [
        *("record", "wrong_stratum", SECOND, "--domain", "fluids"),
        *("--what", "no shock", "--happened-at", "2026-03-01T14:00+01:00"),
        *("--actor", "investigator", "--registry", registry_url),
    ]

    done = CliRunner().invoke(app, [*words, "--true", "shock=no"])
    again = CliRunner().invoke(app, words)

    assert done.exit_code == 0, done.output
    assert "as randomised for balance" in done.stdout
    assert again.exit_code == 1
    assert "EMB-389" in again.stderr
    assert not isinstance(again.exception, Refused)


def test_the_table_is_printed_whole():
    done = CliRunner().invoke(app, ["kinds"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert all(kind.value in done.stdout for kind in Kind)
