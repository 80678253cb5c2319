"""From hospital events to sepsis flags, trial verdicts and outcomes."""
