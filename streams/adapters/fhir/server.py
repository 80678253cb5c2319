"""A FHIR server: asked with patience, with a token, and never with too much trust.

Busy and broken answers are tried again, as late as the server asks; a token is sent to
the server itself and to hosts named for it, nowhere else.
What is raised names the host and what was asked for, never an address: those hold
patients' ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from streams.adapters.fhir.smart import Tokens
from streams.vocabulary.errors import ErrorCode, InputError


JSON = "application/fhir+json"
NDJSON = "application/fhir+ndjson"

TRIES = 6
LONGEST_WAIT = 120.0
"""Seconds between two tries, whatever the server asks for."""

_TRY_AGAIN = {429, 502, 503, 504}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class AskedToStop(Exception):  # noqa: N818 - nothing failed
    """Whoever runs this wants it to end."""


@dataclass(slots=True)
class FhirServer:
    """One server; not for two threads at once."""

    base: str
    """Without a slash at its end."""
    client: httpx2.Client
    wait: Callable[[float], bool]
    """Waits so many seconds; true where it was asked to stop instead."""
    tokens: Tokens | None = None
    hosts: frozenset[str] = frozenset()
    """Further hosts that may be sent the token."""

    @contextmanager
    def asked(
        self,
        method: str,
        url: str,
        what: str,
        *,
        headers: dict[str, str] | None = None,
        token: bool = True,
    ) -> Iterator[httpx2.Response]:
        """The answer, its body not yet read, whatever its status.

        `what` says in fixed words what is asked for.
        Raises `InputError` EMB-136 where no answer but a busy or broken one came,
        EMB-135 where there is no token to be had, `AskedToStop`.
        """
        secured(url, what)
        renewed = False
        tried = 0
        while True:
            answer = self._sent(method, url, what, headers or {}, token=token)
            if isinstance(answer, httpx2.Response):
                if answer.status_code == 401 and self.tokens and not renewed:
                    answer.close()
                    self.tokens.forget()
                    renewed = True
                    continue
                if answer.status_code not in _TRY_AGAIN:
                    break
            tried += 1
            if tried >= TRIES:
                raise self._gave_up(what, answer)
            delay = _delay(answer, tried)
            if isinstance(answer, httpx2.Response):
                answer.close()
            self.pause(delay)
        try:
            yield answer
        finally:
            answer.close()

    def get(self, url: str, what: str) -> bytes:
        """The body of a good answer, as JSON; raises what `asked` does, EMB-136."""
        with self.asked("GET", url, what, headers={"Accept": JSON}) as answer:
            if not answer.is_success:
                raise self.refused(what, answer.status_code)
            return answer.read()

    def pause(self, seconds: float) -> None:
        """Wait; raises `AskedToStop`."""
        if self.wait(min(seconds, LONGEST_WAIT)):
            raise AskedToStop

    def refused(self, what: str, status: int) -> InputError:
        """The error for an answer of this status."""
        return _fault(
            self.base,
            f"answered {status} to {what}",
            "See its own log; check Ember's scopes there.",
        )

    def _sent(
        self, method: str, url: str, what: str, headers: dict[str, str], *, token: bool
    ) -> httpx2.Response | httpx2.TransportError:
        sent = dict(headers)
        if token and self.tokens is not None:
            self._trusted(url, what)
            sent["Authorization"] = f"Bearer {self.tokens.bearer()}"
        request = self.client.build_request(method, url, headers=sent)
        try:
            return self.client.send(request, stream=True)
        except httpx2.TransportError as fault:
            return fault

    def _trusted(self, url: str, what: str) -> None:
        asked, own = httpx2.URL(url), httpx2.URL(self.base)
        same = (asked.scheme, asked.host, asked.port) == (
            own.scheme,
            own.host,
            own.port,
        )
        if not same and asked.host not in self.hosts:
            raise _fault(
                self.base,
                f"sends {what} to the host {asked.host}, which is not named for tokens",
                "Name it in EMBER_FHIR_HOSTS after review.",
            )

    def _gave_up(
        self, what: str, answer: httpx2.Response | httpx2.TransportError
    ) -> InputError:
        if isinstance(answer, httpx2.Response):
            answer.close()
            return self.refused(what, answer.status_code)
        return _fault(
            self.base,
            f"gave no answer to {what} ({type(answer).__name__})",
            "Check its address, and the way to it.",
        )


def secured(url: str, what: str = "this") -> str:
    """The address itself; raises `InputError` EMB-136 unless it is HTTPS or loopback."""
    try:
        asked = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError):
        asked = httpx2.URL("")
    if asked.scheme == "https" or (asked.scheme == "http" and asked.host in _LOOPBACK):
        return url
    raise _fault(str(asked), f"is asked for {what} without TLS", "Write https://.")


def retry_after(answer: httpx2.Response, now: datetime) -> float | None:
    """Seconds the server asks to be left alone for; None where it does not say."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _delay(answer: httpx2.Response | httpx2.TransportError, tried: int) -> float:
    asked = None
    if isinstance(answer, httpx2.Response):
        asked = retry_after(answer, datetime.now(UTC))
    return 0.5 * 2.0**tried if asked is None else asked


def _fault(base: str, problem: str, cure: str) -> InputError:
    host = httpx2.URL(base).host or "(no host)"
    return InputError(
        ErrorCode.FHIR_SERVER, f"The FHIR server at {host} {problem}.", cure
    )
