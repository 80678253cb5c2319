"""Definitions of sepsis over the timeline, each with its policies named."""
