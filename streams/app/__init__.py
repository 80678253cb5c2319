"""The thin shell of streams: settings, sources, and what they add to the command."""
