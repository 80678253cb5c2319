"""DiagnosticReport: it says nothing that its observations do not say."""

from __future__ import annotations

from streams.adapters.fhir.resources import DiagnosticReport
from streams.adapters.fhir.telling import Telling


def read(telling: Telling, resource: DiagnosticReport) -> None:
    """Whose it is; the observations it contains are read as facts of their own."""
    telling.whose(resource.subject, None)
