"""The signer's door: what is asked of it over a Unix socket, and what it answers."""
