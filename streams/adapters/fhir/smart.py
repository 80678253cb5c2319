"""SMART Backend Services: a token for a program, asked for with a signed statement.

The statement (`private_key_jwt`, RFC 7523) is signed by the hospital's key for Ember,
lives for less than five minutes and is never used twice.
A token is asked for again before it ends, not after a server refused it.
Source: HL7 SMART App Launch 2.2, Backend Services and Asymmetric Authentication.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

import httpx2
import orjson
from joserfc import jwk, jwt
from joserfc.errors import JoseError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


STATEMENT_SECONDS = 240
"""How long a statement can be used; servers take none of more than 300."""
_LONGEST_TOKEN = 3_600
_ASSUMED_TOKEN = 300
"""Seconds a token is used for where the server does not say; the standard's own."""
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_LARGEST_KEY = 32_768
_KEYS: dict[str, type[jwk.ECKey | jwk.RSAKey]] = {"EC": jwk.ECKey, "RSA": jwk.RSAKey}

ALGORITHMS = {"EC": "ES384", "RSA": "RS384"}
"""By type of key: what every server of the standard must understand."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who Ember is at a FHIR server, and what it asks to read."""

    client_id: str
    key: jwk.ECKey | jwk.RSAKey = field(repr=False)
    scopes: tuple[str, ...] = ("system/*.read",)

    @property
    def algorithm(self) -> str:
        """What the key signs with."""
        return ALGORITHMS[self.key.key_type]

    def statement(self, audience: str, now: float) -> str:
        """A statement for the token endpoint `audience`, made at `now` (epoch)."""
        made = int(now)
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "iat": made,
            "exp": made + STATEMENT_SECONDS,
            "jti": token_urlsafe(32),
        }
        header = {"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])


def read_credentials(
    client_id: str, key_file: Path, scopes: tuple[str, ...]
) -> Credentials:
    """Credentials with the key in the file, a private JWK with its `kid`.

    Raises `SettingsError` EMB-402 for what is no such key, EMB-403 for no such file.
    """
    try:
        with key_file.open("rb") as file:
            others = os.fstat(file.fileno()).st_mode & 0o077
            told = orjson.loads(file.read(_LARGEST_KEY))
        key = _KEYS[told["kty"]].import_key(told)
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The key file {key_file} cannot be read ({fault.strerror}).",
            "Mount the secret.",
        ) from None
    except (JoseError, ValueError, KeyError, TypeError):
        raise _unusable(key_file, "holds no key as a JWK") from None
    if not key.is_private or not key.kid:
        raise _unusable(key_file, "holds no private key with a kid")
    if isinstance(key, jwk.ECKey) and key.curve_name != "P-384":
        raise _unusable(key_file, "holds a key of another curve than P-384")
    if others:
        raise _unusable(key_file, "may be read by others than its owner")
    return Credentials(client_id, key, scopes)


class SmartConfiguration(BaseModel):
    """What a server says of its authorisation, as far as Ember asks."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token_endpoint: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ()
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] = ()


class _Granted(BaseModel):
    model_config = ConfigDict(extra="ignore")

    access_token: str = Field(min_length=1, repr=False)
    token_type: str
    expires_in: float | None = None
    scope: str | None = None


@dataclass(slots=True)
class Tokens:
    """The token in use; asks for the next one in time.

    Not for two threads at once.
    """

    base: str
    credentials: Credentials
    client: httpx2.Client
    now: Callable[[], float]
    """Seconds of the epoch."""
    checked: Callable[[str], str] = str
    """The address, where a secret may be sent to it; raises where not."""
    _endpoint: str | None = None
    _token: str | None = field(default=None, repr=False)
    _renew_at: float = 0.0
    granted: int = 0
    """How many tokens were asked for."""

    def bearer(self) -> str:
        """A token that is good for a while; raises `InputError` EMB-135."""
        if self._token is None or self.now() >= self._renew_at:
            self._ask()
        return self._token or ""

    def forget(self) -> None:
        """The server would not have it: the next one asked for is new."""
        self._token = None

    def _ask(self) -> None:
        endpoint = self._endpoint = self._endpoint or self._discovered()
        asked = self.now()
        answer = self._sent(
            "POST",
            endpoint,
            data={
                "grant_type": "client_credentials",
                "scope": " ".join(self.credentials.scopes),
                "client_assertion_type": _JWT_BEARER,
                "client_assertion": self.credentials.statement(endpoint, asked),
            },
        )
        try:
            granted = _Granted.model_validate_json(answer.content)
        except ValidationError:
            raise _refused(self.base, _why(answer)) from None
        if not answer.is_success or granted.token_type.lower() != "bearer":
            raise _refused(self.base, _why(answer))
        life = min(granted.expires_in or _ASSUMED_TOKEN, _LONGEST_TOKEN)
        self._token = granted.access_token
        self._renew_at = asked + life - min(60.0, life / 3)
        self.granted += 1

    def _discovered(self) -> str:
        """The token endpoint, from the server's own description."""
        answer = self._sent("GET", f"{self.base}/.well-known/smart-configuration")
        try:
            told = SmartConfiguration.model_validate_json(answer.content)
        except ValidationError:
            raise _refused(
                self.base, "it does not describe its authorisation"
            ) from None
        methods = told.token_endpoint_auth_methods_supported
        if methods and "private_key_jwt" not in methods:
            raise _refused(self.base, "it takes no private_key_jwt")
        algorithms = told.token_endpoint_auth_signing_alg_values_supported
        if algorithms and self.credentials.algorithm not in algorithms:
            raise _refused(
                self.base, f"it takes no {self.credentials.algorithm} signature"
            )
        return self.checked(told.token_endpoint)

    def _sent(
        self, method: str, url: str, data: dict[str, str] | None = None
    ) -> httpx2.Response:
        try:
            return self.client.request(
                method, url, data=data, headers={"Accept": "application/json"}
            )
        except httpx2.TransportError as fault:
            raise _refused(
                self.base, f"it cannot be reached, {type(fault).__name__}"
            ) from None


_ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_target",
    "unauthorized_client",
    "unsupported_grant_type",
}
"""OAuth's own words (RFC 6749, 5.2); a server's free text is left behind."""


class _Fault(BaseModel):
    model_config = ConfigDict(extra="ignore")

    error: str


def _why(answer: httpx2.Response) -> str:
    try:
        error = _Fault.model_validate_json(answer.content).error
    except ValidationError:
        error = ""
    said = f", {error}" if error in _ERRORS else ""
    return f"it answered {answer.status_code}{said}"


def _refused(base: str, why: str) -> InputError:
    return InputError(
        ErrorCode.NO_TOKEN,
        f"The FHIR server at {httpx2.URL(base).host} gave no access token: {why}.",
        "Register Ember's public key and scopes there; check the client's id.",
    )


def _unusable(key_file: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"The key file {key_file} {fault}.",
        "Make one with `ember fhir key FILE`, and register its public half.",
    )
