"""OAuth 2.1 (draft-ietf-oauth-v2-1) and OpenID Connect, the server's side: requests become types, answers octets.

Nothing here knows who is signed in or what is stored: ``mail.identity.oauth`` does.
"""
