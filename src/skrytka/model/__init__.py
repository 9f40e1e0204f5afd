"""Layer 0: the vocabulary. Values that every other layer speaks of; no I/O, no clock, no randomness of its own."""
