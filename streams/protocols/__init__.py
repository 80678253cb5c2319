"""Example trial protocols as data, each with its patient vignettes."""
