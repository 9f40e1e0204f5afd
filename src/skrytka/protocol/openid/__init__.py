"""OpenID Connect as a client of somebody else's provider speaks it; our own server is ``protocol.oauth``."""
