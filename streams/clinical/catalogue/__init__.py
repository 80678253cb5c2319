"""One table of every rule: what it says of itself, and one way to ask it."""
