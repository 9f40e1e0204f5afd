"""Skrytka: a secure mail server in one package."""
