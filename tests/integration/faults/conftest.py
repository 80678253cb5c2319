"""Rounds, and the house that the tests of a module break one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from integration.faults.house import Account, House


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> int:
    """How often each fault is made; `make soak` asks for more."""
    return int(request.config.getoption("--rounds"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with one worker; a test leaves it as it found it."""
    made = House(tmp_path_factory.mktemp("house"))
    try:
        made.open()
        yield made
    finally:
        made.close()


@pytest.fixture
def breaking(rounds: int) -> Callable[..., object]:
    """Opens an account of a fault; when it closes, nothing may be wrong."""

    @contextmanager
    def account(house: House, fault: str, times: int | None = None) -> Iterator[None]:
        account = Account(house, fault, times or rounds)
        yield
        report = account.close()
        assert report.faults == [], house.said()

    return account
