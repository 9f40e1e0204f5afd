from skrytka.mail.admin.types import STRING_MAX, txt_line


def test_a_long_record_is_cut_into_strings() -> None:
    assert txt_line("a.test", "x" * STRING_MAX) == f'a.test.  TXT  "{"x" * 255}"'
    assert txt_line("a.test", "x" * 256) == f'a.test.  TXT  ( "{"x" * 255}" "x" )'
