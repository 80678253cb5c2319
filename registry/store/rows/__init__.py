"""Tables, one module a subject; each table and column carries its comment."""
