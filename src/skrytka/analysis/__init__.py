"""Layer 1: what takes content apart and is no RFC. Pure, like protocol."""
