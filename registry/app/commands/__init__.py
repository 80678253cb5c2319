"""The verbs of the `ember` command, one a file."""
