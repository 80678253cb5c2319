"""FHIR servers as sources: bulk exports and notifications of a subscription."""
