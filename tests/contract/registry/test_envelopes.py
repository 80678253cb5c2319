"""Break-glass envelopes: one participant each, with nothing but a file and a key."""

import json

import pytest
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.app.envelope_files import read_envelope, sealed
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.usecases.seal_envelopes import Letter
from streams.vocabulary.errors import InputError, SettingsError


KEY = bytes(range(60, 92))
ARMS = ("zephyr", "q")
HIDDEN = DomainDesign(
    domain="mask",
    arms=tuple(map(ArmDesign, ARMS)),
    method=PermutedBlocks((2,)),
    blinded=True,
)


@pytest.fixture
def masked(bedside, tmp_path):
    bedside.open_trial(bedside.fluids, HIDDEN, mode=Mode.DEMO)
    for patient in ("p1", "p2", "p3"):
        for domain in ("fluids", "mask"):
            fit = bedside.verdict(patient, domain=domain, provenance="simulated")
            bedside.hear(fit)
        bedside.consent(patient)
        bedside.randomise(patient, domain="mask")
    bedside.randomise("p1")
    for name, key in (("custodian", KEY), ("other", bytes(32))):
        file = tmp_path / f"{name}.key"
        file.touch(mode=0o600)
        file.write_bytes(key)
    return bedside


def make(tmp_path, registry_url):
    words = [
        *("envelope", "make", "--trial", "TIDE", "--actor", "signer"),
        *("--key", str(tmp_path / "custodian.key"), "--out", str(tmp_path / "safe")),
    ]
    return CliRunner().invoke(ember, [*words, "--registry", registry_url])


def open_one(tmp_path, name="TIDE-A-0001.mask", key="custodian", reason="treatment"):
    file = tmp_path / "safe" / f"{name}.envelope"
    words = ["envelope", "open", str(file), "--key", str(tmp_path / f"{key}.key")]
    return CliRunner().invoke(ember, [*words, "--reason", reason, "--actor", "doctor"])


def test_each_blinded_allocation_has_one_envelope_that_tells_nothing(
    masked, registry_url, tmp_path
):
    first, again = make(tmp_path, registry_url), make(tmp_path, registry_url)

    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("3 envelopes")
    assert again.stdout.startswith("0 envelopes")
    files = sorted((tmp_path / "safe").iterdir())
    assert [file.name for file in files] == [
        f"TIDE-A-000{n}.mask.envelope" for n in (1, 2, 3)
    ]
    assert len({file.stat().st_size for file in files}) == 1
    assert not any("zephyr" in file.read_text() for file in files)
    assert "zephyr" not in first.output
    assert masked.broken_chains() == []


def test_an_envelope_opens_without_the_registry_and_is_noted_first(
    masked, registry_url, tmp_path
):
    make(tmp_path, registry_url)
    with masked.registry.inspection() as uow:
        drawn = uow.allocations.stored(
            trial="TIDE", domain="mask", participant="TIDE-A-0001"
        )
        arm = uow.allocations.arm(drawn.randomisation_id)

    done = open_one(tmp_path)

    assert done.exit_code == 0, done.output
    assert f"TIDE-A-0001 in mask: {arm}\n" in done.stdout
    (line,) = (tmp_path / "safe" / "openings.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["actor"], told["reason"]) == ("doctor", "treatment")
    assert "arm" not in told


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"key": "other"}, "EMB-150"),
        ({"reason": " "}, "EMB-374"),
        ({"name": "TIDE-A-0009.mask"}, "EMB-403"),
    ],
)
@pytest.mark.usefixtures("masked")
def test_what_cannot_be_opened_is_neither_told_nor_noted(
    registry_url, tmp_path, changed, code
):
    make(tmp_path, registry_url)
    done = open_one(tmp_path, **changed)

    assert done.exit_code != 0
    assert code in done.stderr
    assert not (tmp_path / "safe" / "openings.jsonl").exists()


@pytest.mark.usefixtures("masked")
def test_an_envelope_under_another_name_does_not_open(registry_url, tmp_path):
    make(tmp_path, registry_url)
    file = tmp_path / "safe" / "TIDE-A-0001.mask.envelope"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "participant": "TIDE-A-0002"}))

    assert "EMB-150" in open_one(tmp_path).stderr
    file.write_text("{}")
    with pytest.raises(InputError):
        read_envelope(file)


def test_who_may_not_write_the_note_is_told_no_arm(tmp_path):
    letter = Letter(trial="T", participant="P", domain="D", arm="zephyr")
    envelope = sealed(letter, KEY)
    assert envelope.opened(KEY) == "zephyr"
    assert "zephyr" not in repr(letter)
    with pytest.raises(SettingsError):
        read_envelope(tmp_path / "none")
