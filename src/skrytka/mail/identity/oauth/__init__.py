"""The authorization server: who may let a program in, what it is given, and how that ends. ``docs/oauth.md``."""
