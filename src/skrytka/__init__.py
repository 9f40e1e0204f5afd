"""Skrytka: a secure mail server in one Python package."""

__version__ = "0.1.0.dev0"
