"""The manual, written from the specifications and from what the spec tests drew."""
