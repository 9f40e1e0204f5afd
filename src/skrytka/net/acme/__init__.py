"""The steps of a client of an authority, taken on the wire; and what the authority comes to look for."""
