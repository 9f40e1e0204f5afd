from skrytka.protocol.mailauth.dkim.results import RESULTS, DkimError, DkimReason, Result


def test_every_reason_has_a_result_and_one_alone_passes() -> None:
    assert set(RESULTS) == set(DkimReason)
    assert [reason for reason, result in RESULTS.items() if result is Result.PASS] == [DkimReason.VERIFIED]
    assert Result.NONE not in RESULTS.values()


def test_an_error_tells_its_reason_and_nothing_of_the_input() -> None:
    assert str(DkimError(DkimReason.KEY_SIZE)) == "key_size"
    assert DkimError(DkimReason.KEY_SIZE).reason is DkimReason.KEY_SIZE
