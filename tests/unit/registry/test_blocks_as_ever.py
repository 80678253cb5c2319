"""What was drawn by blocks before there were other methods is drawn so for ever."""

import json

from registry.domain.protocol import design_document, read_design
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.signer import KeyedSigner


STORED = json.loads(
    '{"domain": "fluids", "arms": [{"name": "a", "ratio": 2}, '
    '{"name": "b", "ratio": 1}, {"name": "c", "ratio": 1}], '
    '"block_multiples": [1, 2, 3], "blinded": false, "open": true}'
)
SCHEDULE = "a9ea296fe30432135972a84c729fbdaa8c7c493b5efbc16e9a36bd1a54c7adb6"
DRAWN = "cbcbabaaaacacbaaabaabcacaaabcbcacabaccbbaaabacaabbaacacbaaac"


def test_a_stored_design_of_blocks_is_read_and_written_as_it_was():
    design = read_design(STORED)

    assert design_document(design) == STORED
    assert design.schedule() == SCHEDULE


def test_the_same_key_and_place_give_the_arms_of_version_0006():
    signer, design = KeyedSigner({"T": bytes(range(32))}), read_design(STORED)
    drawn = [
        signer.arm(
            Position("T", "fluids", "shock=yes", number),
            design=design,
            history=KnownHistory(schedule_first_no=5),
        ).arm
        for number in range(5, 65)
    ]

    assert "".join(drawn) == DRAWN
