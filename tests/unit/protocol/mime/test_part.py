"""protocol/mime/part.py."""

from skrytka.protocol.mime.part import Part


def test_a_part_knows_its_size_and_kind() -> None:
    part = Part(header_start=0, body_start=5, body_end=9, type=b"multipart", subtype=b"mixed")
    assert part.size == 4
    assert part.is_multipart
