"""The part of `deploy/docs/roles.md` that is the matrix itself."""

from __future__ import annotations

from collections.abc import Iterator

from registry.domain.role_matrix import MATRIX, Row
from registry.domain.roles import APART, Role, Sight, Surface


BEGIN, END = "<!-- the matrix begins -->", "<!-- the matrix ends -->"
_SHORT = {Sight.NOTHING: "-"}


def matrix_in_words() -> str:
    """The table, the reason of each cell, and which roles nobody has together."""
    told = (*_table(), "", *_reasons(), "", *_apart())
    return "\n".join((BEGIN, "", *told, "", END))


def with_matrix(page: str) -> str:
    """The page with the matrix as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{matrix_in_words()}{after}"


def _table() -> Iterator[str]:
    yield f"| | {' | '.join(map(_words, Role))} |"
    yield f"| --- |{' --- |' * len(Role)}"
    for surface, row in MATRIX.items():
        cells = (_SHORT.get(row[role].sight, row[role].sight.value) for role in Role)
        yield f"| `{surface.value}` | {' | '.join(cells)} |"


def _reasons() -> Iterator[str]:
    yield "| surface | what | why |"
    yield "| --- | --- | --- |"
    for surface, row in MATRIX.items():
        yield f"| `{surface.value}` | {_MEANINGS[surface]} | {'; '.join(_why(row))} |"


def _apart() -> Iterator[str]:
    yield "| knows arms | stays blind | why nobody has both in one trial |"
    yield "| --- | --- | --- |"
    for (knows, blind), why in APART.items():
        yield f"| {_words(knows)} | {_words(blind)} | {why} |"


def _why(row: Row) -> Iterator[str]:
    """Roles that are given as much for the same reason stand together."""
    for cell in dict.fromkeys(row[role] for role in Role):
        whose = [_words(role) for role in Role if row[role] == cell]
        given = _SHORT.get(cell.sight, cell.sight.value)
        yield f"{', '.join(whose)}: {given} ({cell.reason})"


def _words(role: Role) -> str:
    return role.value.replace("_", " ")


_MEANINGS = {
    Surface.PROTOCOLS: "protocol versions, domains, pauses, the mode, feeds",
    Surface.VECTORS: "shares of response-adaptive arms",
    Surface.FLAGS: "sepsis flags",
    Surface.SCREENINGS: "verdicts, strata that are waited for",
    Surface.ALERTS: "who was called about whom",
    Surface.ANSWERS: "answers of humans, signatures under eligibility",
    Surface.CONSENTS: "words of consent, opt-outs, the worklist",
    Surface.PARTICIPANTS: "who takes part and was randomised, without an arm",
    Surface.OPEN_ARMS: "arms of domains that hide none",
    Surface.BLINDED_ARMS: "arms of every domain",
    Surface.FLOW: "how many came how far",
    Surface.OUTCOMES: "outcomes over all arms together",
    Surface.RECEIVED: "outcomes that count what was given",
    Surface.DEVIATIONS: "departures, in somebody's words",
    Surface.RECORD: "clinical events of a patient",
    Surface.IDENTIFIERS: "who a pseudonym is",
    Surface.AUDIT: "rows of the chains, and whether they hold",
    Surface.SIGNATURES: "electronic signatures, tombstones",
    Surface.PEOPLE: "roles, delegation logs, green lights",
    Surface.KITS: "which kit lies where and went to whom",
    Surface.KIT_STOCK: "how many kits are left, and when they moved",
    Surface.KIT_CONTENTS: "how many kits of each arm are left where",
    Surface.RECORD_CONSENT: "record consent and opt-outs",
    Surface.ANSWER_CRITERIA: "answer criteria",
    Surface.RANDOMISE: "ask for an allocation",
    Surface.BREAK_BLIND: "be told one blinded arm in an emergency",
    Surface.HANDLE_KITS: "receive, hand out, take back, replace kits",
    Surface.RECORD_CONDUCT: "record deviations",
    Surface.SIGN_RECORDS: "sign records",
    Surface.ACTIVATE_PROTOCOLS: "put a protocol into force",
    Surface.PUBLISH_VECTORS: "publish allocation vectors",
    Surface.EXCLUDE_ALLOCATIONS: "exclude an allocation from minimisation's counts",
    Surface.LIGHT_SITES: "give and revoke green lights",
    Surface.PAUSE_TRIALS: "pause an arm or a domain",
    Surface.PAUSE_SITES: "pause a site",
    Surface.END_PAUSES: "end a pause",
    Surface.IMPORT_KITS: "import a list of kits",
    Surface.MAKE_SEALED_LISTS: "make sealed lists",
    Surface.JUDGE_OUTCOMES: "adjudicate and correct outcomes",
    Surface.HAND_OUT_ROLES: "grant and revoke roles",
}
