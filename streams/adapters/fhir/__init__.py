"""FHIR resources and Bundles (R4, and R5 where its names differ), read into events."""
