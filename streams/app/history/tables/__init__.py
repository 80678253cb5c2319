"""Tables of derived concepts, one a file, as `ember table` writes them."""
