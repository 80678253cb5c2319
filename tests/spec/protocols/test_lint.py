"""Every protocol that ships is free of faults that the lint calls errors."""

import pytest
from spec.protocols.shipped import NAMES, protocol_of, text_of

from streams.clinical.criteria.lint import lint


@pytest.mark.parametrize("name", NAMES)
def test_the_lint_finds_no_error(name):
    found = lint(protocol_of(name), text_of(name))
    assert [str(one) for one in found if one.severity == "error"] == []
