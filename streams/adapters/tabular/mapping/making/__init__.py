"""From the facts a mapping tells to events, a module a sort of fact."""
