"""Severity scores over the timeline: what is observed, hour by hour, and its points."""
