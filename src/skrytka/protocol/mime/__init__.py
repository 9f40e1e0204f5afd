"""MIME (RFC 2045-2049, 2231, 5322): structure with byte offsets for any input, in linear time, never an exception.

The parsers of structure (``scan``, ``params``, ``envelope_reader``) run in inspectors only: import contract "content".
"""
