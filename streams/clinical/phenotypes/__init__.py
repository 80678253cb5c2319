"""Phenotypes of sepsis: classes of patients, computed or brought from outside."""
