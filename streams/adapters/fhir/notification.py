"""What a FHIR Subscription tells: that it stands, that it lives, what happened.

R5 and R4B send a SubscriptionStatus as the first entry of a Bundle; R4 sends the same
as Parameters (the Subscriptions R5 Backport, HL7, 1.1.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson

from streams.vocabulary.errors import ErrorCode, InputError


Kind = Literal[
    "handshake", "heartbeat", "event-notification", "query-status", "query-event"
]

_KINDS = frozenset(get_args(Kind))
_STATUSES = frozenset(("requested", "active", "error", "off", "entered-in-error"))
_REFERENCE = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{1,63}/[A-Za-z0-9.\-]{0,63}[A-Za-z0-9\-])(?:/_history/[^/]*)?$"
)
"""No id of dots alone passes: it is put into an address."""
_LARGEST = 2**53
_EVENTS = 10_000
"""In one notification; more are no notification."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event by its number; `focus` is what it is about, as `Type/id`."""

    number: int
    focus: str | None


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification, or the answer to a question about a subscription."""

    kind: Kind
    subscription: str
    """Its id on its server."""
    status: str
    """As the server sees it: `active`, `error`, `off`; empty where it does not say."""
    events_so_far: int | None
    events: tuple[Happened, ...]
    entries: Mapping[str, dict[str, Any]]
    """By `Type/id`: the entries that came along, with resource or as a deletion."""


def read_notification(payload: bytes) -> Notification:
    """The notification in the bytes.

    Raises `InputError` EMB-138 for what is none; it quotes nothing of it.
    """
    try:
        bundle = orjson.loads(payload)
        return _bundle(bundle)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise InputError(
            ErrorCode.NO_NOTIFICATION,
            "This is no notification of a FHIR Subscription.",
            "Send R5, R4B, or R4 by the Subscriptions R5 Backport.",
        ) from None


def entry_bundle(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """Some entries as a Bundle of their own."""
    made = {"resourceType": "Bundle", "type": "history", "entry": list(entries)}
    return orjson.dumps(made)


def deletion(focus: str) -> dict[str, Any]:
    """The entry that says that something is there no more."""
    return {"request": {"method": "DELETE", "url": focus}}


def referred(reference: object) -> str | None:
    """`Type/id` of a reference, absolute or not, with a version or without."""
    if not isinstance(reference, str):
        return None
    found = _REFERENCE.search(reference)
    return found[1] if found else None


def _bundle(bundle: Mapping[str, Any]) -> Notification:
    first, *rest = bundle["entry"]
    status = first["resource"]
    plain = _of_parameters(status) if _is_parameters(status) else status
    if plain["resourceType"] != "SubscriptionStatus" or plain["type"] not in _KINDS:
        raise ValueError
    named = referred(plain["subscription"]["reference"])
    if named is None:
        raise ValueError
    so_far = plain.get("eventsSinceSubscriptionStart")
    return Notification(
        kind=plain["type"],
        subscription=named.partition("/")[2],
        status=plain["status"] if plain.get("status") in _STATUSES else "",
        events_so_far=None if so_far is None else _number(so_far),
        events=tuple(_happened(plain.get("notificationEvent", ()))),
        entries={
            name: entry for entry in rest if _tells(entry) and (name := _name(entry))
        },
    )


def _is_parameters(status: Mapping[str, Any]) -> bool:
    return bool(status["resourceType"] == "Parameters")


def _of_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """R4's Parameters as the SubscriptionStatus they stand for."""
    plain: dict[str, Any] = {"resourceType": "SubscriptionStatus"}
    events = []
    for one in parameters["parameter"]:
        match one["name"]:
            case "subscription":
                plain["subscription"] = one["valueReference"]
            case "status":
                plain["status"] = one["valueCode"]
            case "type":
                plain["type"] = one["valueCode"]
            case "events-since-subscription-start":
                plain["eventsSinceSubscriptionStart"] = _value(one)
            case "notification-event":
                events.append(_event(one["part"]))
    return plain | {"notificationEvent": events}


def _event(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = {part["name"]: part for part in parts}
    event: dict[str, Any] = {"eventNumber": _value(told["event-number"])}
    if "focus" in told:
        event["focus"] = told["focus"]["valueReference"]
    return event


def _value(parameter: Mapping[str, Any]) -> object:
    return next(said for name, said in parameter.items() if name.startswith("value"))


def _happened(events: Sequence[Mapping[str, Any]]) -> Iterator[Happened]:
    if len(events) > _EVENTS:
        raise ValueError
    for event in events:
        focus = event.get("focus")
        named = referred(focus.get("reference")) if focus else None
        yield Happened(_number(event["eventNumber"]), named)


def _number(said: object) -> int:
    """A number of events: R5 writes it as a text, as 64 bits are none of JSON's."""
    told = int(said) if isinstance(said, str | int) else -1
    if isinstance(said, bool) or not 0 <= told < _LARGEST:
        raise ValueError
    return told


def _tells(entry: Mapping[str, Any]) -> bool:
    """Whether it brings a resource, or says that one is there no more."""
    resource, request = entry.get("resource"), entry.get("request") or {}
    return isinstance(resource, dict) or request.get("method") == "DELETE"


def _name(entry: Mapping[str, Any]) -> str | None:
    """`Type/id` of an entry: of its resource, else of its address."""
    resource = entry.get("resource")
    if isinstance(resource, dict) and "id" in resource:
        return referred(f"{resource['resourceType']}/{resource['id']}")
    request = entry.get("request") or {}
    return referred(request.get("url")) or referred(entry.get("fullUrl"))
