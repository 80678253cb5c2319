"""Named markers: what was measured, held against a published cut-off."""
