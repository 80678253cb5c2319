"""Every definition of one patient, kept up to date fact by fact."""
