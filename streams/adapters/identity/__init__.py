"""Identifiers: keyed names for them, and what the vault must be told."""
