"""Comorbidity indices from coded diagnoses."""
