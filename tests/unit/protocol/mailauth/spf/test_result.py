from skrytka.protocol.mailauth.spf.result import Identity


def test_an_identity_is_written_as_the_sender_of_rfc_7208() -> None:
    assert str(Identity("mfrom", "a b", "example.org")) == "a b@example.org"
