"""The composition root: wiring, the embedded runner, the `ember` command."""
