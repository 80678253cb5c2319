"""From a registry's criteria in prose to a draft that a person finishes."""
