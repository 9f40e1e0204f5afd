"""Names looked up: one interface, a static zone for demo and tests, a caching stub for the rest."""
