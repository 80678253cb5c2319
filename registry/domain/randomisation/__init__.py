"""Draws from a key, blocks from draws, arms from blocks."""
