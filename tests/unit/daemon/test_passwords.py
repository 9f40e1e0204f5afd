from skrytka.daemon.passwords import random_password


class Counting:
    def token(self, length: int) -> bytes:
        return bytes(range(length))


def test_a_made_up_password_has_100_bits_in_groups() -> None:
    assert random_password(Counting()) == "abcde-fghij-kmnpq-rstuv"
