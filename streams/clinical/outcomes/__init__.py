"""Outcomes: what became of a patient, as functions of the record with an as-of time."""
