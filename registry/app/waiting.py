"""Begin when the registry is there: a process that is started first waits for it."""

from __future__ import annotations

from registry.inbox.waiting import Patience
from registry.store.unit_of_work import Registry, open_registry
from streams.app.observe.process import Process
from streams.vocabulary.errors import ErrorCode, SettingsError


def registry_awaited(
    url: str, process: Process, *, pool_size: int = 10
) -> Registry | None:
    """The registry; None where it was asked to stop before it was there.

    Raises `SettingsError` for what waiting does not mend.
    """
    patience = Patience()
    while True:
        try:
            return open_registry(url, pool_size=pool_size)
        except SettingsError as fault:
            if fault.code is not ErrorCode.REGISTRY_UNREACHABLE:
                raise
            process.log.warning("waiting for registry", error=fault)
        if process.wait(patience.following()):
            return None
