"""Layer 1: what an RFC defines and needs no socket, disk or clock (sans-IO engines and parsers)."""
