"""Runs migrations on the connection that `registry.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from registry.store.schema import schema


connection = context.config.attributes["connection"]
dialect = connection.dialect.name

if dialect == "postgresql":
    # One migrates at a time, and none waits for ever behind a running transaction.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(815004321)")

context.configure(
    connection=connection,
    target_metadata=schema(dialect),
    include_schemas=dialect == "postgresql",
    render_as_batch=dialect == "sqlite",
    transaction_per_migration=False,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
