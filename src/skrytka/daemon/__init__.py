"""Layer 6: the composition root. Settings become parts, parts become processes with a role."""
