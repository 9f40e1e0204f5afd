"""Messages for tests: plain, multipart with a message inside, and encoded."""

PLAIN = (
    b"From: Alice <alice@example.test>\r\n"
    b"To: bob@example.test\r\n"
    b"Subject: =?utf-8?q?Za=C5=BC=C3=B3=C5=82=C4=87?=\r\n"
    b"X-Odd: one\r\n"
    b"Message-ID: <1@example.test>\r\n"
    b"\r\n"
    b"Hello body\r\n"
)

INNER = b"Subject: inner\r\nContent-Type: text/plain\r\n\r\ninner text\r\n"

NESTED = (
    b"Subject: outer\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n'
    b"\r\n"
    b"preamble\r\n"
    b"--b\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
    b"\r\n"
    b"xYLDs2TFug==\r\n"
    b"--b\r\n"
    b"Content-Type: message/rfc822\r\n"
    b"\r\n" + INNER + b"\r\n--b\r\n"
    b"Content-Transfer-Encoding: x-unknown\r\n"
    b"\r\n"
    b"strange\r\n"
    b"--b--\r\n"
)
