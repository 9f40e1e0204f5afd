"""HTTP/1.1 (RFC 9110, RFC 9112), both sides, in the small: no bodies from clients, no upgrades, no ranges."""
