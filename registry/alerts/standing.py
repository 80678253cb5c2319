"""What a target has said about being called: never again, or not before.

"Never again" outlives the process, in a small file that a person removes to enable
the target; the file names the address by its hash, so that another address starts
with a clean sheet.
"not before" is forgotten by a restart, which costs the target one more call.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from registry.alerts.sending import Standing
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, SettingsError


class TargetStanding:
    """The standing of one address, kept in memory and, where final, in `marker`."""

    def __init__(self, url: str, marker: Path) -> None:
        if not marker.parent.is_dir():
            raise SettingsError(
                ErrorCode.PATH_NOT_FOUND,
                f"The folder of {marker.name}, which notes a disabled webhook, "
                "is not there.",
            )
        self._name = hashlib.sha256(url.encode()).hexdigest()
        self._marker = marker
        self._gone = False
        self._held_until: datetime | None = None

    def at(self, moment: datetime) -> Standing:
        """The standing at `moment`; reads the file, so that removing it is enough."""
        held = self._held_until
        return Standing(
            disabled=self._gone or self._is_marked(),
            held_until=held if held is not None and held > moment else None,
        )

    def hold(self, until: datetime) -> None:
        """Call no more before `until`."""
        self._held_until = until

    def disable(self, at: datetime) -> None:
        """Call no more at all."""
        # The file is written last: where the disk refuses, this process still stops.
        self._gone = True
        self._marker.write_text(f"{self._name} answered 410 at {iso(at)}\n", "ascii")
        self._gone = False

    def _is_marked(self) -> bool:
        try:
            return self._marker.read_text("ascii").startswith(self._name)
        except FileNotFoundError:
            return False
