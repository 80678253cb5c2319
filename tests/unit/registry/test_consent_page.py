"""The page on consent shows the tables of the code."""

from pathlib import Path

import pytest

from registry.domain.consent import STEPS, ConsentState, Standing
from registry.domain.consent_terms import MODELS
from registry.domain.permits import PERMITS, Permits


PAGE = Path(__file__).resolve().parents[3] / "deploy/docs/consent.md"


def cells(first, width):
    """The cells of the row of that width that begins so."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if f"| `{first}`" in line[:99]]
    (row,) = (r for r in rows if len(r) == width and r[0].startswith(f" `{first}`"))
    return [cell.strip() for cell in row]


@pytest.mark.parametrize("standing", Standing)
def test_the_page_tells_what_may_be_done_and_what_may_follow(standing):
    _, _, done, follows = cells(standing, 4)
    acts = [a for a in Permits.__slots__ if getattr(PERMITS[standing], a)]

    assert done == (", ".join(acts).replace("_", " ") or "nothing")
    if standing in STEPS:
        steps = [f"`{s}`" for s in Standing if s in STEPS[standing]]
        assert follows == (", ".join(steps) or "nothing")


@pytest.mark.parametrize("model", MODELS)
def test_the_page_tells_which_model_knows_which_words(model):
    further = MODELS[model] - frozenset.intersection(*MODELS.values())
    told = ", ".join(f"`{word}`" for word in ConsentState if word in further)

    assert cells(model, 2)[1] == (told or "none")
