"""What makes patients with sepsis differ: baseline covariates, with unknowns."""
