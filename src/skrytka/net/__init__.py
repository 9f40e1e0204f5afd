"""Layer 2: listeners, TLS, DNS, limits. It knows sockets and no mail."""
