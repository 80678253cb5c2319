"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[1]


def missing(what: str) -> None:
    """Skip loudly for want of `what`; on CI its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} must be there on CI")
    pytest.skip(f"{what} is not there")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project."""
    named = os.environ.get("EMBER_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        missing(f"The shared data folder ({folder.name}/, or EMBER_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def mimic_demo(shared_data: Path) -> Path:
    """The MIMIC-IV demo in its published layout."""
    return shared_data / "mimic-iv-demo"
