"""The signer's keys, from a file or from a program that is asked."""

import json
import sys

import pytest

from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.draws import Position, commitment
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.key_stores import KeptSigner, KeyCommand, KeyFile
from streams.vocabulary.errors import ErrorCode, SettingsError


KEY = bytes(range(32))
TOLD = json.dumps({"TIDE": KEY.hex()})
FLUIDS = DomainDesign(
    domain="fluids",
    arms=(ArmDesign("restrictive"), ArmDesign("standard")),
    method=PermutedBlocks((2, 3)),
)


def program(text):
    return (sys.executable, "-c", text)


def fault_of(store):
    with pytest.raises(SettingsError) as fault:
        store.read()
    assert fault.value.code is ErrorCode.SECRET_MISSING
    return str(fault.value)


def test_a_program_that_prints_a_key_file_gives_its_keys():
    store = KeyCommand(program(f"print('''{TOLD}''')"))

    assert commitment(KEY) == store.read().commitment("TIDE")


def test_no_shell_reads_its_words(tmp_path):
    """A `;` is an argument like any other."""
    made = tmp_path / "made"
    store = KeyCommand((sys.executable, "-c", "print('{}')", ";", "touch", str(made)))

    store.read()

    assert not made.exists()


@pytest.mark.parametrize(
    "text",
    [
        f"print('''{TOLD}'''); raise SystemExit(3)",
        f"print('''{TOLD}''' + 'x')",
        f"print('''{TOLD}'''.replace('00', ''))",
        "print('[1]')",
        "pass",
    ],
)
def test_a_program_that_fails_or_prints_something_else_is_told_without_its_words(text):
    told = fault_of(KeyCommand(program(text)))

    assert KEY.hex()[8:24] not in told


def test_a_program_that_is_not_there_or_never_ends_is_told():
    assert "FileNotFoundError" in fault_of(KeyCommand(("no-such-program",)))
    slow = KeyCommand(program("import time; time.sleep(60)"), seconds=0.05)
    assert "TimeoutExpired" in fault_of(slow)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "keys.json"
    file.touch(mode=0o600)
    file.write_text(TOLD)
    return file


def test_what_is_drawn_by_a_kept_key_is_what_the_key_draws(file):
    kept, plain = KeptSigner(KeyFile(file)), KeyedSigner({"TIDE": KEY})
    for number in range(1, 9):
        place = Position("TIDE", "fluids", "shock=yes", number)
        told = {"design": FLUIDS, "history": KnownHistory()}
        assert plain.arm(place, **told) == kept.arm(place, **told)
        assert plain.nonce(place) == kept.nonce(place)


def test_a_key_that_came_later_is_found_and_one_that_is_missing_is_told(file):
    kept = KeptSigner(KeyFile(file))
    with pytest.raises(SettingsError) as fault:
        kept.commitment("WAVE")
    assert fault.value.code is ErrorCode.SECRET_MISSING

    file.write_text(json.dumps({**json.loads(TOLD), "WAVE": "ab" * 32}))

    assert commitment(bytes.fromhex("ab" * 32)) == kept.commitment("WAVE")
    assert commitment(KEY) == kept.commitment("TIDE")
