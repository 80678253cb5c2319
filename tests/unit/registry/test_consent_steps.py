from itertools import product

import pytest

from registry.domain.consent import ConsentState, may_become


ASKED, GIVEN = ConsentState.ASKED, ConsentState.GIVEN
REFUSED, WITHDRAWN = ConsentState.REFUSED, ConsentState.WITHDRAWN

STEPS = {
    (None, ASKED),
    (None, GIVEN),
    (None, REFUSED),
    (ASKED, GIVEN),
    (ASKED, REFUSED),
    (REFUSED, ASKED),
    (GIVEN, WITHDRAWN),
}


@pytest.mark.parametrize(
    "step", list(product((None, *ConsentState), ConsentState)), ids=str
)
def test_these_steps_exist_and_no_others(step):
    assert may_become(*step) == (step in STEPS)
