"""A FHIR server's other half: it counts events, and tells a subscriber of them.

It can drop what it tells, tell it twice, or tell the later before the earlier.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from servers.fhir_house import FhirHouse


Version = Literal["R4", "R4B", "R5"]
Content = Literal["empty", "id-only", "full-resource"]


@dataclass
class Notifier:
    """One subscription of one server."""

    house: FhirHouse
    url: str
    version: Version = "R4"
    content: Content = "full-resource"
    name: str = "icu"
    headers: dict[str, str] = field(default_factory=dict)
    client: httpx2.Client | None = None
    """None: a connection of its own for each notification."""
    count: int = 0
    prefix: str = "o"
    """Before the number, the name of what happened."""

    def handshake(self) -> int:
        return self.post("handshake", [])

    def heartbeat(self) -> int:
        return self.post("heartbeat", [])

    def happen(self, patient: str = "1", *, deleted: bool = False) -> int:
        """Something happens on the server; nobody is told yet."""
        self.count += 1
        number = self.count
        name = f"Observation/{self.prefix}{number}"
        resource = {
            "resourceType": "Observation",
            "id": f"{self.prefix}{number}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "effectiveDateTime": "2026-11-28T10:00:00Z",
            "valueQuantity": {"value": 40 + number % 100, "code": "/min"},
            "subject": {"reference": f"Patient/{patient}"},
        }
        full: dict[str, Any] = {"fullUrl": f"{self.house.base}/{name}"}
        if deleted:
            self.house.refuses[f"/{name}"] = 410
            full["request"] = {"method": "DELETE", "url": name}
        else:
            self.house.resources[name] = resource
            full |= {"resource": resource, "request": {"method": "PUT", "url": name}}
        told = {"eventNumber": str(number), "focus": {"reference": name}}
        self.house.events.setdefault(self.name, []).append(
            {"number": number, "event": told, "entry": [full]}
        )
        return number

    def tell(self, *numbers: int, status: str = "active") -> int:
        """Post the events of these numbers in one notification; its HTTP status."""
        return self.post("event-notification", list(numbers), status)

    def post(self, kind: str, numbers: list[int], status: str = "active") -> int:
        post = httpx2.post if self.client is None else self.client.post
        answer = post(
            self.url,
            content=json.dumps(self.bundle(kind, numbers, status)),
            headers={"Content-Type": "application/fhir+json", **self.headers},
            timeout=30,
        )
        return answer.status_code

    def bundle(
        self, kind: str, numbers: list[int], status: str = "active"
    ) -> dict[str, Any]:
        happened = [self.house.events[self.name][number - 1] for number in numbers]
        events = [self._event(one["event"]) for one in happened]
        entries = [self._entry(e) for one in happened for e in one["entry"]]
        first = self._status(kind, events, status)
        form = "subscription-notification" if self.version == "R5" else "history"
        kept = [] if self.content == "empty" else entries
        return {
            "resourceType": "Bundle",
            "type": form,
            "entry": [{"resource": first}, *kept],
        }

    def _event(self, told: dict[str, Any]) -> dict[str, Any]:
        if self.content == "empty":
            return {"eventNumber": told["eventNumber"]}
        return told

    def _entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        if self.content == "full-resource":
            return entry
        return {"fullUrl": entry["fullUrl"]}

    def _status(
        self, kind: str, events: list[dict[str, Any]], status: str
    ) -> dict[str, Any]:
        reference = {"reference": f"{self.house.base}/Subscription/{self.name}"}
        if self.version != "R4":
            return {
                "resourceType": "SubscriptionStatus",
                "type": kind,
                "status": status,
                "eventsSinceSubscriptionStart": str(self.count),
                "notificationEvent": events,
                "subscription": reference,
            }
        return {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "subscription", "valueReference": reference},
                {"name": "status", "valueCode": status},
                {"name": "type", "valueCode": kind},
                {
                    "name": "events-since-subscription-start",
                    "valueString": str(self.count),
                },
                *({"name": "notification-event", "part": _parts(e)} for e in events),
            ],
        }


def _parts(event: dict[str, Any]) -> list[dict[str, Any]]:
    parts = [{"name": "event-number", "valueString": event["eventNumber"]}]
    if "focus" in event:
        parts.append({"name": "focus", "valueReference": event["focus"]})
    return parts
