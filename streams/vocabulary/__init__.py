"""The shared language: instants, identities, codes, units, concepts, events, messages."""
