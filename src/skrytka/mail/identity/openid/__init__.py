"""People whom a provider of another house knows (OpenID Connect): docs/directories.md, "A provider"."""
