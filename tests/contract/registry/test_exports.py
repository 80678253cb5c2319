"""Extracts that leave the house, on both databases."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from fractions import Fraction

import polars as pl
import pytest
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class

from registry.app.exporting.exporting import Export, export
from registry.app.exporting.identified import Identifying
from registry.app.exporting.writers import Format
from registry.domain.consent import ConsentState
from registry.domain.disclosure import Profile
from registry.domain.extracts import Cut, Extract
from registry.domain.identity import Identifier, Sighted
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Minimised, PermutedBlocks
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.keep_identities import KeepIdentities, keep_identities
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.set_mode import SetMode, set_mode
from streams.adapters.identity.sealing import Sealer
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, SettingsError


KEY = bytes(range(32))
SEAL = Sealer({1: KEY})
TABLES = (Format.CSV, Format.PARQUET, Format.XLSX)
BLINDED = DomainDesign(
    domain="fluids",
    arms=(ArmDesign("active"), ArmDesign("placebo")),
    method=PermutedBlocks((2,)),
    blinded=True,
)


@pytest.fixture
def taken(registry, bedside, tmp_path):
    """An extract of the registry as of nine hours after noon."""

    def take(extract, how="csv", profile="limited", folder="out", **rest):
        at = rest.pop("at", bedside.noon + 9 * HOUR)
        identify = rest.pop("identify", None)
        cut = Cut(recorded_until=at, happened_until=rest.pop("happened", at))
        asked = Export(
            extract=Extract(extract),
            format=Format(how),
            profile=Profile(profile),
            cut=cut,
            trial=rest.pop("trial", None),
            out=tmp_path / folder,
            key=rest.pop("key", KEY),
            **rest,
        )
        return tmp_path / folder, export(registry, asked, identify=identify)

    return take


def rows_of(folder, extract):
    text = (folder / f"{extract}.csv").read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def everything(folder):
    return b"".join(f.read_bytes() for f in sorted(folder.iterdir()) if f.is_file())


@pytest.mark.parametrize("profile", [Profile.LIMITED, Profile.SAFE_HARBOR])
@pytest.mark.parametrize("extract", Extract)
def test_the_same_cut_gives_the_same_bytes_whatever_was_recorded_since(
    lived, taken, extract, profile
):
    formats = [*TABLES, *([Format.FHIR_R5] if extract is Extract.SUBJECTS else [])]
    first = [taken(extract, how, profile, "first")[1] for how in formats]
    with lived.registry.transaction() as uow:
        later = [lived.verdict("p9"), lived.outcome("p1", 1, status="final", value=1.0)]
        at = lived.noon + 10 * HOUR
        record_batch(RecordBatch(messages=tuple(later), recorded_at=at), uow)
    lived.consent("p9", at=lived.noon + 10 * HOUR)

    assert first == [taken(extract, how, profile, "second")[1] for how in formats]


@pytest.mark.usefixtures("lived")
def test_the_manifest_says_what_the_files_are(taken):
    folder, manifest = taken("participants")

    for file in manifest.files:
        held = (folder / file.name).read_bytes()
        assert (file.bytes, file.sha256) == (
            len(held),
            hashlib.sha256(held).hexdigest(),
        )
    assert manifest.files[0].rows == len(rows_of(folder, "participants")) == 2
    told = json.loads((folder / "participants.csv.manifest.json").read_text())
    assert told["cut"]["recorded_until"] == "2026-03-01T21:00:00Z"
    assert told["protocols"][0]["protocol_hash"] == "hash-1"
    assert [c["column"] for c in told["left_out"]] == ["identifiers"]
    header = (folder / "participants.csv").read_text().splitlines()[0].split(",")
    with (folder / "participants.csv.columns.csv").open() as file:
        assert [line["column"] for line in csv.DictReader(file)] == header


@pytest.mark.usefixtures("lived")
def test_each_format_in_a_folder_keeps_a_manifest_that_is_true(taken):
    """Also where one was written by another profile."""
    for number, how in enumerate((*TABLES, Format.FHIR_R4, Format.FHIR_R5)):
        profile = "limited" if number % 2 else "safe_harbor"
        folder, _ = taken("subjects", how, profile)

    manifests = sorted(folder.glob("*.manifest.json"))
    assert len(manifests) == 5
    told = [json.loads(one.read_text()) for one in manifests]
    assert {one["profile"] for one in told} == {"limited", "safe_harbor"}
    files = [file for one in told for file in one["files"]]
    assert len({file["name"] for file in files}) == 10
    for file in files:
        held = (folder / file["name"]).read_bytes()
        assert hashlib.sha256(held).hexdigest() == file["sha256"]


@pytest.mark.usefixtures("lived")
def test_an_extract_that_failed_has_no_manifest_and_leaves_those_of_others(taken):
    def fails(_columns, rows):
        yield next(rows)
        raise RuntimeError("the vault is shut")

    for how in (Format.CSV, Format.PARQUET):
        folder, _ = taken("participants", how)
    with pytest.raises(RuntimeError, match="shut"):
        taken("participants", Format.PARQUET, identify=fails)

    assert [one.name for one in folder.glob("*.manifest.json")] == [
        "participants.csv.manifest.json"
    ]


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("extract", Extract)
def test_every_format_tells_the_same(taken, extract):
    for how in TABLES:
        folder, _ = taken(extract, how)
    rows = rows_of(folder, extract)
    table = pl.read_parquet(folder / f"{extract}.parquet")

    assert table.columns == list(rows[0])
    assert table.height == len(rows)
    for name in ("trial", "site"):
        held = [value or "" for value in table[name]]
        assert held == [row[name] for row in rows]
    with zipfile.ZipFile(folder / f"{extract}.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(rows) + 1


def test_both_clocks_cut(bedside, taken):
    bedside.open_trial()
    bedside.hear(bedside.verdict("p1"))
    late = bedside.verdict("p2", happened_at=bedside.noon + 2 * HOUR)
    bedside.hear(late)
    with bedside.registry.transaction() as uow:
        at = bedside.noon + 3 * HOUR
        record_batch(
            RecordBatch(messages=(bedside.verdict("p3"),), recorded_at=at), uow
        )

    def patients(**cut):
        folder, _ = taken("screenings", **cut)
        return {row["patient"] for row in rows_of(folder, "screenings")}

    noon = bedside.noon
    assert patients() == {"p1", "p2", "p3"}
    assert patients(at=noon + 2 * HOUR) == {"p1", "p2"}
    assert patients(happened=noon + HOUR) == {"p1", "p3"}
    assert patients(at=noon + HOUR) == {"p1"}


def test_an_earlier_cut_knows_an_earlier_consent(bedside, taken):
    bedside.open_trial()
    bedside.consent("p1")
    later = bedside.noon + 2 * HOUR
    bedside.consent("p1", ConsentState.WITHDRAWN, at=later)

    def consent(at):
        folder, _ = taken("participants", at=at)
        return [row["consent"] for row in rows_of(folder, "participants")]

    assert consent(bedside.noon - HOUR) == []
    assert consent(bedside.noon) == ["written"]
    assert consent(later) == ["withdrawn"]


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("extract", Extract)
def test_safe_harbor_holds_no_name_and_no_day(taken, extract):
    formats = [Format.CSV]
    if extract is Extract.SUBJECTS:
        formats += [Format.FHIR_R4, Format.FHIR_R5]
    for how in formats:
        folder, _ = taken(extract, how, "safe_harbor")
    for one in folder.glob("*.manifest.json"):
        one.unlink()  # it tells the cut, not a patient
    told = everything(folder)

    for name in (b"TIDE-A-0001", b"nurse", b"doctor", b"2026-"):
        assert name not in told
    for row in rows_of(folder, extract):
        assert not {"p1", "p2", "A", "e1"} & set(row.values())


@pytest.mark.usefixtures("lived")
def test_ids_of_safe_harbor_join_by_the_key_and_by_nothing_else(taken):
    mine, _ = taken("participants", profile="safe_harbor")
    taken("screenings", profile="safe_harbor")
    other, _ = taken("participants", profile="safe_harbor", folder="b", key=bytes(32))

    people = {row["patient"] for row in rows_of(mine, "participants")}
    assert people <= {row["patient"] for row in rows_of(mine, "screenings")}
    assert people.isdisjoint({row["patient"] for row in rows_of(other, "participants")})


def test_an_age_above_89_is_90_and_no_more(bedside, taken):
    bedside.open_trial()
    old = (("age", "97"), ("lactate", "97"))
    bedside.hear(bedside.verdict("p1", covariates=old))
    bedside.consent("p1")
    bedside.randomise("p1")

    folder, _ = taken("participants", profile="safe_harbor")
    (row,) = rows_of(folder, "participants")
    assert json.loads(row["covariates"]) == {"age": "90", "lactate": "97"}


def test_every_profile_writes_strata_and_covariates_in_one_form(bedside, taken):
    """Also where all of a domain is numbered as one."""
    weights = (("shock", Fraction(1)),)
    minimised = Minimised(weights=weights, spread="range", p=Fraction(4, 5))
    bedside.open_trial(replace(bedside.fluids, method=minimised))
    told = {"age": "71", "name=é;x": "1;2=3"}
    stratum = (("shock", "yes"), ("odd=;", "1%"))
    bedside.hear(bedside.verdict("p1", covariates=tuple(told.items()), stratum=stratum))
    bedside.consent("p1")
    bedside.randomise("p1")

    shown = []
    for profile in Profile:
        folder, _ = taken("participants", profile=profile)
        taken("screenings", profile=profile)
        (row,) = rows_of(folder, "participants")
        (screened,) = rows_of(folder, "screenings")
        shown.append((row["stratum"], row["covariates"]))
        assert json.loads(row["covariates"]) == told
        assert row["stratum"] == row["stratum_true"] == screened["stratum"]
        assert row["covariates"] == row["covariates_true"]
        in_domain = profile is not Profile.SAFE_HARBOR
        assert row.get("counted_in") == ("@domain" if in_domain else None)
    assert len(set(shown)) == 1


def test_an_open_arm_is_told_and_a_blinded_one_never(bedside, taken):
    bedside.open_trial(BLINDED, mode=Mode.DEMO)
    bedside.hear(bedside.verdict(provenance="simulated"))
    bedside.consent()
    bedside.randomise()

    for extract in Extract:
        if extract is not Extract.AVAILABILITY:
            taken(extract)
        if extract is Extract.SUBJECTS:
            folder, _ = taken(extract, "fhir-r4")
    told = everything(folder)
    assert b"active" not in told
    assert b"placebo" not in told

    offers, _ = taken(Extract.AVAILABILITY)
    told = [
        (row.pop("arm_of_domain"), tuple(row.values()))
        for row in rows_of(offers, "availability")
    ]
    assert [arm for arm, _ in told] == ["active", "placebo"]
    assert told[0][1] == told[1][1]


@pytest.mark.usefixtures("lived")
def test_arms_may_be_left_out_altogether(taken):
    shown, _ = taken("participants")
    hidden, manifest = taken("participants", arms=False, folder="hidden")

    arms = {row["arm"] for row in rows_of(shown, "participants")}
    assert arms == {"restrictive", "standard"}
    assert "arm" not in rows_of(hidden, "participants")[0]
    assert manifest.arms == "none"
    assert "arm" in [one.column for one in manifest.left_out]
    assert b"restrictive" not in everything(hidden)


def test_what_was_given_in_a_blinded_domain_is_withheld(bedside, taken):
    given = {"kind": "treatment_received", "id": "death28", "domain": "fluids"}
    command = bedside.protocol(BLINDED, document={"outcomes": [given]})
    demo = SetMode(mode=Mode.DEMO, reason="a test", actor="admin", at=bedside.noon)
    with bedside.registry.transaction() as uow:
        set_mode(demo, uow)
        activate_protocol(command, uow, signer=bedside.signer)
    bedside.hear(bedside.outcome(provenance="simulated"))

    folder, manifest = taken("outcomes")
    assert rows_of(folder, "outcomes") == []
    assert manifest.hidden_outcomes == (("TIDE", "death28"),)


def test_identities_are_opened_on_record_before_they_are_told(lived, registry, taken):
    seen = Sighted("A", "p1", Identifier("MR", "MRN-4711"))
    with registry.transaction() as uow:
        keep_identities(KeepIdentities(sighted=(seen,), at=lived.noon), uow, seal=SEAL)
    identify = Identifying(
        book=registry, seal=SEAL, actor="keeper", reason="a call", at=lived.noon
    )

    folder, _ = taken("participants", profile="identified", identify=identify)

    rows = {
        row["patient"]: row["identifiers"] for row in rows_of(folder, "participants")
    }
    assert rows == {"p1": '[["MR", "MRN-4711"]]', "p2": ""}
    with registry.inspection() as uow:
        looks = [
            (row.subject, row.actor, json.loads(row.detail)["reason"])
            for row in uow.audit.rows(site="A", trial="")
            if row.action == "identity:opened"
        ]
    assert looks == [("p1", "keeper", "a call"), ("p2", "keeper", "a call")]
    assert b"MRN-4711" not in everything(taken("participants", folder="limited")[0])


@pytest.mark.parametrize("profile", ["limited", "safe_harbor"])
@pytest.mark.parametrize(
    ("how", "model", "release"),
    [("fhir-r4", r4_class, "r4"), ("fhir-r5", r5_class, "r5")],
)
def test_subjects_are_valid_by_the_models_of_fhir(
    lived, taken, how, model, release, profile
):
    lived.consent("p3", ConsentState.REFUSED, basis=None)
    folder, manifest = taken("subjects", how, profile)
    lines = (folder / f"subjects.{release}.ndjson").read_text().splitlines()

    assert manifest.files[0].rows == len(lines) == 5
    checked = [model("ResearchSubject").model_validate_json(line) for line in lines]
    assert len({one.id for one in checked}) == 5
    ended = [one for one in checked if one.period.end is not None]
    assert len(ended) == 1


@pytest.mark.usefixtures("lived")
def test_fhir_has_subjects_and_nothing_else(taken):
    with pytest.raises(SettingsError) as fault:
        taken("audit", "fhir-r4")
    assert fault.value.code is ErrorCode.BAD_SETTING
