"""Records what each test of `tests/spec` drew, for `pytest --manual DIR`.

A fixture of `tests/spec` that is a function (`timeline_of`, `observations`, `told`) is
handed out wrapped: the first text with columns that a test gives it is the test's
figure. Nothing is drawn for the manual alone: what it shows is what the test ran on,
and no page is written unless all tests passed.

With `--manual` only the first case of a parametrised test runs; the other cases are
told by their parameters, which the full run of the tests holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from manual.pages import write_manual


SPEC = Path(__file__).resolve().parents[1] / "spec"


@dataclass(slots=True)
class Worked:
    """One spec test as it ran."""

    file: str
    """Within `tests/spec`."""
    name: str
    function: Callable[..., object]
    drawn: list[str] = field(default_factory=list)
    cases: list[dict[str, object]] = field(default_factory=list)
    """The parameters of each case; none for a test that has one case."""
    passed: bool = False


class Recorder:
    """All that the spec tests drew, test by test."""

    def __init__(self) -> None:
        self.worked: dict[str, Worked] = {}
        self.running: Worked | None = None
        self._depth = 0

    def listening(self, draw: Callable[..., object]) -> Callable[..., object]:
        """The same function; what is drawn with it is kept."""

        @functools.wraps(draw)
        def drawn(*arguments: Any, **named: Any) -> object:
            if self.running is not None and self._depth == 0:
                texts = (*arguments, *named.values())
                self.running.drawn += [t for t in texts if _is_a_drawing(t)]
            self._depth += 1
            try:
                return draw(*arguments, **named)
            finally:
                self._depth -= 1

        return drawn

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Wrap what draws."""
        made = yield
        module = getattr(fixturedef.func, "__module__", "") or ""
        if not callable(made) or isinstance(made, type) or "conftest" not in module:
            return made
        if not getattr(made, "__code__", None):
            return made
        wrapped = self.listening(made)
        if fixturedef.cached_result is not None:
            fixturedef.cached_result = (wrapped, fixturedef.cached_result[1], None)
        return wrapped

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Listen while the test runs."""
        self.running = self.worked.get(_name(item))
        try:
            done = yield
        finally:
            running, self.running = self.running, None
        if running is not None:
            running.passed = True
        return done


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--manual",
        type=Path,
        default=None,
        metavar="DIR",
        help="write the manual of the definitions there, from tests/spec",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Record, where a manual is asked for."""
    if config.getoption("--manual") is not None:
        config.pluginmanager.register(Recorder(), "manual-recorder")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keep the first case of each spec test, and note the others."""
    recorder = config.pluginmanager.get_plugin("manual-recorder")
    if not isinstance(recorder, Recorder):
        return
    kept: list[pytest.Item] = []
    for item in items:
        if SPEC not in item.path.parents or not isinstance(item, pytest.Function):
            continue
        if _name(item) not in recorder.worked:
            kept.append(item)
            recorder.worked[_name(item)] = Worked(
                file=item.path.relative_to(SPEC).as_posix(),
                name=item.originalname,
                function=item.function,
            )
        recorder.worked[_name(item)].cases += _parameters(item)
    items[:] = kept


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the manual of what passed."""
    recorder = session.config.pluginmanager.get_plugin("manual-recorder")
    if isinstance(recorder, Recorder) and exitstatus == pytest.ExitCode.OK:
        folder: Path = session.config.getoption("--manual")
        write_manual(folder, [w for w in recorder.worked.values() if w.passed])


def _name(item: pytest.Item) -> str:
    return f"{item.path}::{getattr(item, 'originalname', item.name)}"


def _parameters(item: pytest.Function) -> Iterator[dict[str, object]]:
    called = getattr(item, "callspec", None)
    if called is not None:
        yield dict(called.params) | {"": called.id}


def _is_a_drawing(text: object) -> bool:
    return isinstance(text, str) and "|" in text and "\n" in text.strip()
