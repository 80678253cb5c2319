"""Static checks of a protocol: what can be told of it before any patient is seen."""
