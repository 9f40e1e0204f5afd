"""LDAP v3 (RFC 4511), the client's side, as far as looking people up and checking their passwords needs it."""
