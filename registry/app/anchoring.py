"""One round of anchoring: take the heads, bring them where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.alerts.sending import Delivered, Sender
from registry.domain.anchor import Anchor, anchor_line
from registry.domain.audit import sha256
from registry.store.anchor_file import append_anchor, read_anchors
from registry.store.unit_of_work import Registry
from registry.usecases.anchor_audit import Anchored, NotAnchored, anchor_audit
from streams.vocabulary.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of one anchor."""

    anchor: Anchor
    missed: tuple[str, ...]
    """Where it could not be brought, and why; empty where all have it."""


def anchor_once(
    book: Registry,
    clock: Clock,
    *,
    file: Path | None,
    sender: Sender | None,
    actor: str | None = None,
) -> Kept | NotAnchored:
    """Anchor all chains once; the file has it before the webhook is called.

    What the file remembers is held against the chains first.
    Raises `SettingsError` EMB-403 and `InputError` EMB-113 for the file.
    """
    before = read_anchors(file) if file is not None and file.exists() else ()
    with book.inspection() as uow:
        taken = anchor_audit(uow, at=clock.now(), before=before, actor=actor)
    if not isinstance(taken, Anchored):
        return taken
    if file is not None:
        append_anchor(file, taken.anchor)
    missed = () if sender is None else tuple(_posted(sender, taken.anchor))
    return Kept(anchor=taken.anchor, missed=missed)


def _posted(sender: Sender, anchor: Anchor) -> Iterator[str]:
    """Why the target has it not; its id is of what it says, so twice is once."""
    standing = sender.standing(anchor.anchored_at)
    if not standing.is_open:
        yield (
            "the target is disabled" if standing.disabled else "the target asks to wait"
        )
        return
    body = anchor_line(anchor)
    named = f"anchor-{sha256(body.encode())[:32]}"
    answer = sender.send(named, body, at=anchor.anchored_at)
    if not isinstance(answer, Delivered):
        yield answer.reason
