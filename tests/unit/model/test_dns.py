from skrytka.model.dns import Answer, Mx, Status, Tlsa


def test_records_are_given_by_kind_and_exchanges_best_first() -> None:
    records = ("192.0.2.1", b"v=spf1 -all", Mx(20, "b.example"), Mx(10, "a.example"), Tlsa(3, 1, 1, b"x"))
    answer = Answer(Status.NOERROR, records)
    assert answer.texts == ("192.0.2.1",)
    assert answer.strings == (b"v=spf1 -all",)
    assert [mx.exchange for mx in answer.exchanges] == ["a.example", "b.example"]
