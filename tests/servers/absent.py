"""What a test does for want of a part: skip loudly, and on CI fail."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip loudly for want of `what`; on CI its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} must be there on CI")
    pytest.skip(f"SKIPPED FOR WANT OF A PART: {what} is not there")
