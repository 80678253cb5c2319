"""Whatever holds a call back has words."""

import pytest

from registry.app.telling import WHY_HELD
from registry.domain.alert import Hold


@pytest.mark.parametrize("hold", list(Hold))
def test_every_hold_is_told_in_words(hold):
    assert WHY_HELD[hold].startswith("held back: ")
