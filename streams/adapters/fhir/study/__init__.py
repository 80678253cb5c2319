"""A protocol as FHIR tells studies: for people and registries, not to be executed."""
