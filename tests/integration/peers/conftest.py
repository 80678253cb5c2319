"""What the comparisons with published code share."""

import json
from pathlib import Path

import pytest


HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def ask_clifpy(peers, tmp_path_factory):
    """Asks clifpy for the SOFA-2 of CLIF tables; its rows."""
    folder = tmp_path_factory.mktemp("clif")

    def ask(tables, cohort, *, daily=False):
        asked = {"daily": daily, "cohort": cohort, "tables": tables}
        script = HERE / "ask_clifpy_sofa2.py"
        return json.loads(
            peers("clifpy").run(script, folder, given=json.dumps(asked), timeout=240)
        )

    return ask
