"""`ember health`: ask a running process how it is."""

from __future__ import annotations

import os
from http.client import HTTPException
from typing import Annotated
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import typer

from streams.app.settings import process_settings
from streams.vocabulary.errors import ErrorCode, SettingsError


UrlOption = Annotated[
    str | None,
    typer.Option(help="Where it answers; else what EMBER_HTTP says."),
]


def health(
    url: UrlOption = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 5.0,
) -> None:
    """Print a process's health as JSON; exit status 0 if it is well, 1 if not."""
    status, told = _asked(url or _own_address(), timeout)
    print(told)
    raise typer.Exit(0 if status == 200 else 1)


def _asked(url: str, timeout: float) -> tuple[int, str]:
    if urlsplit(url).scheme != "http":
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{url} is no http address.",
            "Write http://127.0.0.1:8080/health.",
        )
    request = Request(url)  # noqa: S310 - http it is
    try:
        # No proxy stands between two processes of one machine.
        with build_opener(ProxyHandler({})).open(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as fault:
        return 0, f'{{"ok":false,"error":"{type(fault).__name__}"}}'


def _own_address() -> str:
    settings = process_settings(os.environ)
    if not settings.http_port:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "EMBER_HTTP names no port to ask.",
            "Set it as the process has it, or give --url.",
        )
    everywhere = settings.http_host in {"0.0.0.0", "::", "[::]"}  # noqa: S104 - told apart, not bound
    host = "127.0.0.1" if everywhere else settings.http_host
    return f"http://{host}:{settings.http_port}/health"
