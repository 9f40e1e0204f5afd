from skrytka.protocol.acme.steps import DETAIL_MAX, AuthorityError


def test_what_an_authority_says_is_cut_and_cleaned() -> None:
    assert AuthorityError("a\r\nb\x1b[0m").detail == "ab[0m"
    assert len(AuthorityError("x" * 10_000).detail) == DETAIL_MAX
