"""Eligibility criteria: rules of the protocol judged over one patient's record."""
