"""Every table is one that only grows, or is named here with the reason why it is not."""

import psycopg
import pytest

from registry.store.roles import KEEPER, READER, REGISTRY, SIGNER, grant_roles
from registry.store.schema import APPEND_ONLY, schema


CHANGING = {
    "alert": "where an alert stands; what became of it is in `alert_event`",
    "allocator": "the next number of a stratum; each number given is a randomisation",
    "audit_head": "the end of each chain; held against the chain and the anchors",
    "clinical_event": "an archive with a retention of its own; erased on request",
    "dead_letter": "kept until its retention ends; looks at it are audited",
    "feed": "when each source was last heard of",
    "inbox": "which messages were recorded; a retention of its own may shorten it",
    "kit_stock": "where each kit stands; how it came there is in `kit_event`",
    "outbox": "what is to be sent, and how far that is",
    "patient_state": "what the pipeline holds; worked out again from the events",
    "screening_state": "where each screening stands; worked out again from revisions",
    "stream_cursor": "how far each source was read",
    "trial_domain": "the domains of the protocol in force; versions are kept beside",
    "vault.identifier": "sealed identifiers, sealed anew when keys change",
    "vault_identifier": "the same on SQLite",
}
"""Tables whose rows change or go, and why nobody loses what a monitor may ask."""

SEALED = {
    "postgresql": ("sealed.assignment", "sealed.kit_content", "sealed.unblinding_note"),
    "sqlite": ("sealed_assignment", "sealed_kit_content", "sealed_unblinding_note"),
}


def tables(registry):
    return {table.fullname for table in schema(registry.dialect).sorted_tables}


def guarded(sql, registry):
    """By table, the acts its triggers refuse."""
    if registry.dialect == "sqlite":
        query = "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        told = [
            (table, act)
            for table, words in sql(query)
            for act in ("UPDATE", "DELETE")
            if f"BEFORE {act}" in words and f"{table} is append-only" in words
        ]
    else:
        told = sql(
            "SELECT CASE n.nspname WHEN 'public' THEN c.relname "
            "ELSE n.nspname || '.' || c.relname END, act.name "
            "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN (VALUES (8, 'DELETE'), (16, 'UPDATE'), (32, 'TRUNCATE')) "
            "AS act(bit, name) ON t.tgtype::int & act.bit > 0 "
            "WHERE p.proname IN ('ember_refuse_change', 'ember_refuse_unless_redacted') AND t.tgenabled = 'O'"
        )
    found = {}
    for table, act in told:
        found.setdefault(table, set()).add(act)
    return found


def test_every_table_only_grows_or_is_named_as_changing(registry):
    """A new table belongs in one of the two lists before it has its first row."""
    growing = {*APPEND_ONLY, *SEALED[registry.dialect]}

    assert tables(registry) - growing <= set(CHANGING)
    assert not growing & set(CHANGING)


def test_every_table_that_only_grows_has_triggers_that_say_so(sql, registry):
    acts = {"UPDATE", "DELETE"}
    if registry.dialect == "postgresql":
        acts.add("TRUNCATE")

    assert guarded(sql, registry) == dict.fromkeys(
        (*APPEND_ONLY, *SEALED[registry.dialect]), acts
    )


@pytest.mark.postgres
def test_no_role_may_change_or_take_away_what_only_grows(postgres):
    with postgres.database() as url:
        grant_roles(url)
        with psycopg.connect(url) as connection:
            allowed = [
                (role, table, act)
                for role in (REGISTRY, SIGNER, READER, KEEPER)
                for table in (*APPEND_ONLY, *SEALED["postgresql"])
                for act in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
                for (may,) in connection.execute(
                    "SELECT has_any_column_privilege(%s, %s, 'UPDATE') AND %s = 'UPDATE' "
                    "OR has_table_privilege(%s, %s, %s)",
                    (role, table, act, role, table, act),
                )
                if may
            ]

    assert allowed == []


def test_what_is_append_only_is_a_table(registry):
    assert set(APPEND_ONLY) <= tables(registry)
