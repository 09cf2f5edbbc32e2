"""The shapes of the interface: what is sent and what comes back, every field described."""
