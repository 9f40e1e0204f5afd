"""protocol/mime/sections.py."""

from skrytka.protocol.mime.scan import scan
from skrytka.protocol.mime.sections import sections


def test_part_numbers_follow_the_example_of_rfc_9051_6_4_5_1() -> None:
    inner_text = b"Content-Type: text/plain\r\n\r\nt\r\n"
    inner = (
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n" + inner_text
        + b"--in\r\nContent-Type: application/octet-stream\r\n\r\no\r\n--in--\r\n"
    )  # fmt: skip
    data = (
        b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n" + inner_text
        + b"--out\r\nContent-Type: application/octet-stream\r\n\r\no\r\n"
        + b"--out\r\nContent-Type: message/rfc822\r\n\r\nSubject: m\r\n" + inner
        + b"--out\r\nContent-Type: multipart/mixed; boundary=four\r\n\r\n--four\r\nContent-Type: image/gif\r\n\r\ng\r\n"
        + b"--four\r\nContent-Type: message/rfc822\r\n\r\nSubject: n\r\n\r\nplain\r\n--four--\r\n--out--\r\n"
    )  # fmt: skip
    found = {section.number: section for section in sections(scan(data))}
    assert list(found) == ["1", "2", "3", "3.1", "3.2", "4", "4.1", "4.2", "4.2.1"]
    three = found["3"]
    assert data[three.body_start : three.inner_body_start].startswith(b"Subject: m\r\n")
    last = found["4.2.1"]
    assert data[last.body_start : last.body_end] == b"plain"
    assert data[found["3.1"].header_start : found["3.1"].body_start] == b"Content-Type: text/plain\r\n\r\n"


def test_a_message_without_parts_is_part_one() -> None:
    (only,) = sections(scan(b"Subject: x\r\n\r\nbody\r\n"))
    assert (only.number, only.body_start, only.body_end) == ("1", 14, 20)
