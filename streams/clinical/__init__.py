"""The pure clinical core: the timeline, scores, definitions, criteria, outcomes."""
