"""Each role at what is decided of a whole trial, of its sites, its kits and outcomes.

Everybody has one role: at every site in trial TIDE and in the demo's, whose protocol is
activated, or, where they act from elsewhere, at every site in trial WAVE.
"""

from __future__ import annotations

from importlib.resources import files

import pytest
from contract.registry.test_conduct import outcome
from made_up.role_holders import LONG_AGO, let
from typer.testing import CliRunner

from registry.app.commands import allocation, fallback, kit, pausing, protocol, site
from registry.app.commands import outcome as outcomes
from registry.domain.role_matrix import MATRIX
from registry.domain.roles import EVERYWHERE, Role, Sight, Surface
from registry.usecases.hand_out_roles import GrantRole, grant_role
from streams.vocabulary.errors import EmberError, ErrorCode


DEMO = files("streams.protocols").joinpath("ember_demo.yaml").read_text("utf-8")
WHY = ("--reason", "a test")
VECTOR = """
trial: TIDE
domain: fluids
analysis_id: interim-1
data_cut: 2026-03-01T00:00:00Z
shares: {restrictive: 0.5, standard: 0.5}
"""
CUSTODIAN = ("--key", "{folder}/key", "--out", "{folder}/pages")
PAGES = ("--site", "A", "--from", "901", "--count", "4")
ACTS = {
    Surface.ACTIVATE_PROTOCOLS: (
        (protocol.app, ("activate", "{folder}/protocol.yaml", "--key", "{folder}/key")),
    ),
    Surface.PUBLISH_VECTORS: ((allocation.app, ("publish", "{folder}/vector.yaml")),),
    Surface.EXCLUDE_ALLOCATIONS: (
        (allocation.app, ("exclude", "TIDE", "fluids", "nobody", *WHY)),
    ),
    Surface.LIGHT_SITES: (
        (site.app, ("green-light", "TIDE", "A", *WHY)),
        (site.app, ("revoke", "TIDE", "A", *WHY)),
    ),
    Surface.PAUSE_TRIALS: (
        (pausing.domain, ("pause", "TIDE", "fluids", *WHY)),
        (pausing.arm, ("pause", "TIDE", "fluids", "restrictive", *WHY)),
    ),
    Surface.PAUSE_SITES: ((pausing.site, ("pause", "TIDE", "A", *WHY)),),
    Surface.END_PAUSES: (
        (pausing.domain, ("resume", "TIDE", "fluids", *WHY)),
        (pausing.arm, ("resume", "TIDE", "fluids", "restrictive", *WHY)),
        (pausing.site, ("resume", "TIDE", "A", *WHY)),
    ),
    Surface.IMPORT_KITS: (
        (kit.app, ("import", "{folder}/kits", "--trial", "TIDE", "--domain", "fluids")),
    ),
    Surface.MAKE_SEALED_LISTS: (
        (
            fallback.app,
            ("make", "--trial", "TIDE", "--domain", "fluids", *PAGES, *CUSTODIAN),
        ),
    ),
    Surface.JUDGE_OUTCOMES: (
        (outcomes.app, ("adjudicate", "{outcome}", "--value", "1", *WHY)),
        (outcomes.app, ("correct", "{outcome}", "--value", "1", *WHY)),
        (outcomes.app, ("take-back", "{outcome}", *WHY)),
    ),
}
"""By surface, its commands; all are tried, by everybody."""


@pytest.fixture
def trial(bedside, registry):
    """A trial that recruits, with an outcome, and people of each role."""
    bedside.open_trial()
    said = outcome(bedside)
    bedside.hear(said)
    let(registry, roles=())
    with registry.transaction() as uow:
        for role in Role:
            for person, where in (
                (role, "TIDE"),
                (role, "ember-demo"),
                (f"{role}-of-wave", "WAVE"),
            ):
                command = GrantRole(
                    person=str(person),
                    role=role,
                    site=EVERYWHERE,
                    trial=where,
                    starts_at=LONG_AGO,
                    reason="a test",
                    actor="root",
                    at=LONG_AGO,
                )
                grant_role(command, uow)
    return said


@pytest.mark.parametrize("surface", ACTS)
def test_what_is_decided_of_a_trial_is_for_whose_role_it_is(
    trial, registry_url, tmp_path, surface
):
    """Refused by role before anything else is told; of another trial, everybody is."""
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    (tmp_path / "vector.yaml").write_text(VECTOR)
    (tmp_path / "kits").write_text("kit,arm,lot,expires_on\n")
    (tmp_path / "protocol.yaml").write_text(DEMO)
    told = {"folder": tmp_path, "outcome": trial.outcome_id}
    for app, words in ACTS[surface]:
        filled = [word.format(**told) for word in words]
        for role in Role:
            may = MATRIX[surface][role].sight is Sight.MAY
            for person, allowed in ((str(role), may), (f"{role}-of-wave", False)):
                ran = CliRunner().invoke(
                    app, [*filled, "--actor", person, "--registry", registry_url]
                )
                refused = refusal(ran) is ErrorCode.NOT_THIS_ROLE
                assert refused != allowed, (words, person, ran.output, ran.exception)


def refusal(ran):
    """The code by which it was refused, thrown or told in words."""
    if isinstance(ran.exception, EmberError):
        return ran.exception.code
    known = ErrorCode.NOT_THIS_ROLE
    return known if known in ran.output else None
