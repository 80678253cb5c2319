"""Tables of any layout, connected by a mapping in YAML instead of by code."""
