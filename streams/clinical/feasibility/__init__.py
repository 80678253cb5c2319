"""What a protocol would have met with in history: counts, not patients."""
