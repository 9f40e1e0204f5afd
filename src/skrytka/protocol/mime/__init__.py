"""MIME (RFC 2045-2049, 2231, 5322): structure with byte offsets for any input, in linear time, never an exception."""

from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan

__all__ = ["Part", "scan"]
