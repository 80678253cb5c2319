"""A protocol read aloud: quantities, windows, rules, entries and criteria in English."""
