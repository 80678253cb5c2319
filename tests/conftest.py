"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings
from servers.absent import missing


pytest_plugins = (
    *("servers.broker", "servers.oauth", "servers.peers", "servers.postgres"),
    "manual.recording",
)

ROOT = Path(__file__).resolve().parents[1]
BEGUN_FIRST = (
    "faults",
    "long-faults",
    "test_concealment",
    "test_same_answers",
    "faults-of-the-broker",
    "test_flow_and_state",
    "disks-and-clocks",
    "test_fhir_live",
    "test_merged_live",
    "mimic_live",
)
"""Groups that take minutes: all the others run beside them, and none is left at the end."""

UNMEASURED = (
    "properties",
    "integration/adapters",
    "integration/manual",
    "integration/peers",
    "integration/tables",
)
"""Folders of long calculations over lines that other tests reach as well: measured,
they take twice the time, and no line more is covered."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause the measuring of coverage over a test that is marked `unmeasured`."""
    measuring = Coverage.current()
    if measuring is None or item.get_closest_marker("unmeasured") is None:
        return (yield)
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            patched.delenv(name)
        measuring.stop()
        try:
            return (yield)
        finally:
            measuring.start()


settings.register_profile(
    "change", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", max_examples=3000, parent=settings.get_profile("change")
)


def pytest_configure(config: pytest.Config) -> None:
    """Draw as many examples as every change is tried with, or as a night has room for.

    How long one takes is no matter of a test: machines are shared.
    """
    settings.load_profile("long" if config.getoption("--long") else "change")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rounds",
        type=int,
        default=1,
        help="how often each failure test breaks things; `make soak` asks for 30",
    )
    parser.addoption(
        "--long",
        action="store_true",
        help="also the tests that take ten minutes and more by themselves, and thirty "
        "times the made-up examples",
    )


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


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keep each file's tests together where tests run side by side.

    A file's fixtures are then made once; what names its own group keeps it.
    What waits most begins first.
    """
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    unmeasured = tuple(ROOT / "tests" / folder for folder in UNMEASURED)
    for item in items:
        if any(folder in item.path.parents for folder in unmeasured):
            item.add_marker(pytest.mark.unmeasured)
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    group = next(item.iter_markers("xdist_group")).args[0]
    return BEGUN_FIRST.index(group) if group in BEGUN_FIRST else len(BEGUN_FIRST)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where tests run side by side, hold xdist to the groups it was given.

    With a pytest it does not know it sets none, and every fixture is made many times.
    What was collected stays to the end: no search for garbage need look there again.
    """
    gc.collect()
    gc.freeze()
    if getattr(session.config.option, "loadgroup", False):
        alone = [item.nodeid for item in session.items if "@" not in item.nodeid]
        if alone:
            raise pytest.UsageError(f"pytest-xdist gave no group to {alone[0]}.")
