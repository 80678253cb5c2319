"""Histories: whole records read from tables, and what is written of them."""
