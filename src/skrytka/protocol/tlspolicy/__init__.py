"""How a domain says that mail to it must be encrypted, and to whom."""
