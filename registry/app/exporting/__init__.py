"""Extracts of the registry as files that leave the house."""
