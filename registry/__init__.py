"""The registry: consent, randomisation, outcomes, audit, alerts."""
