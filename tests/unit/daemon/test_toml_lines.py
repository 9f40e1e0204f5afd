import pytest

from skrytka.daemon.toml_lines import KeyLines, KeyPath

TEXT = '''\
version = 1
"quoted key" = 2
a.b.'c' = 3
note = """
version = 9
[trap]
"""

[listeners.smtp] # a comment
port = 25

[[tls.certificates]]
key = "x"
[[tls.certificates]]
key = "y"
[tls.certificates.inner]
deep = { port = 1 }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("version",), 1),
        (("quoted key",), 2),
        (("a", "b", "c"), 3),
        (("a", "b"), 3),
        (("note",), 4),
        (("listeners", "smtp", "port"), 10),
        (("listeners", "smtp", "missing"), 9),
        (("tls", "certificates", 0, "key"), 13),
        (("tls", "certificates", 1, "key"), 15),
        (("tls", "certificates", 1, "inner", "deep"), 17),
        (("tls", "certificates", 1, "inner", "deep", "port"), 17),
        (("nowhere",), 1),
        ((), 1),
    ],
)
def test_a_key_is_found_on_its_line_or_that_of_the_table_around_it(path: KeyPath, line: int) -> None:
    assert KeyLines(TEXT).line(path) == line
