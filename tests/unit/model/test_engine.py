from skrytka.model.engine import NEED_DATA, PAUSED, Engine, Signal, TlsFacts


class Echo:
    def __init__(self) -> None:
        self._data: list[bytes] = []

    def receive(self, data: bytes) -> None:
        self._data.append(data)

    def next_event(self) -> bytes | Signal:
        return self._data.pop(0) if self._data else NEED_DATA

    def tls_started(self, tls: TlsFacts) -> None:
        self._data.clear()


def test_a_class_with_the_three_methods_is_an_engine() -> None:
    engine: Engine[bytes] = Echo()
    assert engine.next_event() is NEED_DATA
    engine.receive(b"x")
    assert engine.next_event() == b"x"


def test_need_data_and_paused_are_all_signals_there_are() -> None:
    assert [*Signal] == [NEED_DATA, PAUSED]


def test_tls_facts_print_as_version_and_cipher() -> None:
    facts = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", server_name="mail.example.test")
    assert str(facts) == "TLSv1.3 TLS_AES_256_GCM_SHA384"
