"""Inspectors: children in a sandbox that take untrusted mail apart (docs/inspectors.md).

``zygote``, ``child``, ``jobs`` and ``sandbox`` run in the inspector; ``client`` and what it imports run in a front, and
import no parser of content.
"""
