"""Readers of hospitals' records: each turns one kind of source into canonical events."""
