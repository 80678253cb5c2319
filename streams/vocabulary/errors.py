"""Errors a person meets, each with a stable code.

    EmberError
    ├── UserError           what its reader can mend: one sentence, no traceback
    │   ├── InputError      a file, row or document that cannot be read
    │   ├── SettingsError   a setting, path or address that cannot be used
    │   ├── ProtocolError   a trial protocol at fault
    │   └── Refused         an act the trial's rules forbid
    └── BrokenInvariant     what only we can mend

A retired code stays in `ErrorCode`, marked, and is never used again.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable codes; the hundreds tell where: 1 intake, 2 protocol, 3 registry, 4 use."""

    MISSING_TABLE = "EMB-101"
    MISSING_COLUMN = "EMB-102"
    MALFORMED_ROW = "EMB-103"
    MALFORMED_TIME = "EMB-104"
    MALFORMED_NUMBER = "EMB-105"
    IMPOSSIBLE_VALUE = "EMB-106"
    UNKNOWN_UNIT = "EMB-107"
    MISSING_VALUE = "EMB-108"
    NEARLY_ALL_BAD = "EMB-109"
    MALFORMED_MESSAGE = "EMB-110"
    UNKNOWN_SCHEMA = "EMB-111"
    MALFORMED_CODE = "EMB-112"
    UNREADABLE_FILE = "EMB-113"
    UNKNOWN_REFERENCE = "EMB-114"
    UNKNOWN_FORMAT = "EMB-115"
    WRONG_KEY = "EMB-116"
    NOT_HL7 = "EMB-120"
    LOOSE_LINE = "EMB-121"
    CHARSET = "EMB-122"
    NO_PATIENT = "EMB-123"
    NO_MESSAGE_TYPE = "EMB-124"
    UNUSABLE_MERGE = "EMB-125"
    UNREAD_WORDS = "EMB-126"
    UNKNOWN_STATUS = "EMB-127"
    SLIPPED_DELIMITERS = "EMB-128"
    NOT_THE_PATIENTS = "EMB-129"
    REFERENCE_MISSING = "EMB-130"
    VALUE_NOT_READ = "EMB-131"
    NO_SUBJECT = "EMB-132"
    DELETED_UNSEEN = "EMB-133"
    NOT_FHIR = "EMB-134"
    NO_TOKEN = "EMB-135"  # noqa: S105 - a code, not a secret
    FHIR_SERVER = "EMB-136"
    EXPORT_FAILED = "EMB-137"
    NO_NOTIFICATION = "EMB-138"
    SEAL_BROKEN = "EMB-150"
    SEALING_KEY_UNKNOWN = "EMB-151"
    UNKNOWN_WORD = "EMB-140"
    SCATTERED_ROWS = "EMB-141"
    EXTRA_MISSING = "EMB-142"
    MESSAGE_TOO_LARGE = "EMB-160"
    NOT_PRODUCTION = "EMB-161"
    NOT_VERSION_2 = "EMB-162"
    QUERY = "EMB-163"
    NO_CONTROL_ID = "EMB-164"

    PROTOCOL_UNREADABLE = "EMB-201"
    PROTOCOL_INVALID = "EMB-202"
    PROTOCOL_UNKNOWN_CONCEPT = "EMB-203"
    PROTOCOL_UNIT = "EMB-204"
    PROTOCOL_UNKNOWN_RULE = "EMB-205"
    PROTOCOL_WINDOW = "EMB-206"
    PROTOCOL_AT_FAULT = "EMB-210"
    VIGNETTES_MISSING = "EMB-211"
    VIGNETTES_DIFFER = "EMB-212"
    EVIDENCE_INCOMPLETE = "EMB-213"
    BACKTEST_DOMAIN = "EMB-218"
    NO_CRITERIA = "EMB-219"

    REGISTRY_UNREACHABLE = "EMB-301"
    REGISTRY_NOT_MIGRATED = "EMB-302"
    REGISTRY_MODE = "EMB-303"
    UNKNOWN_PATIENT = "EMB-304"
    NOT_ELIGIBLE = "EMB-306"
    NO_CONSENT = "EMB-307"
    DOMAIN_CLOSED = "EMB-308"
    WINDOW_CLOSED = "EMB-309"
    SECRET_MISSING = "EMB-312"  # noqa: S105 - a code, not a secret
    HUMAN_ANSWER_MISSING = "EMB-313"
    REQUEST_REUSED = "EMB-314"
    STRATUM_UNKNOWN = "EMB-315"
    CONSENT_STEP = "EMB-316"
    SEAL_REQUIRED = "EMB-317"
    PROTOCOL_OUTDATED = "EMB-318"
    PROVENANCE = "EMB-319"
    UNKNOWN_SCREENING = "EMB-320"
    UNKNOWN_CRITERION = "EMB-321"
    VERDICT_OUT_OF_DATE = "EMB-322"
    MESSAGE_CONFLICT = "EMB-323"
    MESSAGE_REFUSED = "EMB-324"
    NOT_TO_ANSWER = "EMB-325"
    DECLINED = "EMB-326"
    CO_ENROLMENT = "EMB-327"
    TOO_FEW_ARMS = "EMB-328"
    SITE_CLOSED = "EMB-329"
    PATIENT_MERGED = "EMB-330"
    UNKNOWN_LETTER = "EMB-331"
    DRAWN_BEFORE = "EMB-340"
    KEY_DIFFERS = "EMB-341"
    SIGNER_AWAY = "EMB-342"
    NOT_PUBLISHED = "EMB-343"
    CLOCKS_DIFFER = "EMB-344"
    VECTOR_REFUSED = "EMB-350"
    UNKNOWN_PART = "EMB-351"
    SITE_PAUSED = "EMB-352"
    UNKNOWN_OUTCOME = "EMB-345"
    OUTCOME_STEP = "EMB-346"
    UNKNOWN_PARTICIPANT = "EMB-347"
    DEVIATION = "EMB-348"
    RECONSENT_DUE = "EMB-360"
    NO_GREEN_LIGHT = "EMB-361"
    NOT_SIGNED = "EMB-362"
    NOT_DELEGATED = "EMB-363"
    STRATUM_TIMED_OUT = "EMB-364"
    DELEGATION_STEP = "EMB-365"
    UNKNOWN_RECORD = "EMB-370"
    NOT_AUTHENTICATED = "EMB-371"
    SIGNING_LOCKED = "EMB-372"
    RECORD_CHANGED = "EMB-373"
    REASON_MISSING = "EMB-374"
    ARM_EXCLUDES = "EMB-380"
    KITS_SHORT = "EMB-381"
    KIT_LIST_REFUSED = "EMB-382"
    UNKNOWN_KIT = "EMB-383"
    KIT_STEP = "EMB-384"
    NO_KIT_LIST = "EMB-385"
    REVEAL = "EMB-386"
    ROLES_APART = "EMB-394"
    NO_ROLES_GIVEN = "EMB-395"
    NOBODY_NAMED = "EMB-396"
    NOT_THIS_ROLE = "EMB-397"
    ROLE_STEP = "EMB-398"
    ROLES_NOT_KEPT = "EMB-399"
    BLIND_KEPT = "EMB-387"
    ARM_DIFFERS = "EMB-388"
    MISRANDOMISATION = "EMB-389"
    SEALED_LIST = "EMB-390"
    SEALED_PAGE = "EMB-391"
    REHEARSAL = "EMB-392"

    BAD_SETTING = "EMB-402"
    PATH_NOT_FOUND = "EMB-403"
    CURSOR_MISMATCH = "EMB-404"
    KAFKA_UNREACHABLE = "EMB-405"
    LOG_REPLACED = "EMB-406"
    STATE_FORMAT = "EMB-407"

    INVARIANT = "EMB-900"


class EmberError(Exception):
    """The root: a code, what is wrong and where, and what would mend it."""

    def __init__(self, code: ErrorCode, problem: str, cure: str = "") -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        """One sentence a tired reader can act on."""
        told = f"{self.code}: {self.problem}"
        return f"{told} {self.cure}".rstrip()


class UserError(EmberError):
    """What the reader of the message can mend."""


class InputError(UserError):
    """A file, row, message or document that cannot be read."""


class SettingsError(UserError):
    """A setting, path or address that cannot be used."""


class ProtocolError(UserError):
    """A trial protocol at fault."""


class Refused(UserError):  # noqa: N818 - a refusal is no fault
    """An act that the rules of the trial forbid."""


class BrokenInvariant(EmberError):  # noqa: N818 - says what broke
    """What must never happen, and only we can mend."""

    def __init__(self, problem: str) -> None:
        super().__init__(ErrorCode.INVARIANT, problem, "Please report this.")
