from skrytka.model.engine import NEED_DATA, PAUSED, Engine, EventSource, NeedData, Paused, TlsFacts


class Echo:
    def __init__(self) -> None:
        self._data: list[bytes] = []

    def receive(self, data: bytes) -> None:
        self._data.append(data)

    def next_event(self) -> bytes | NeedData | Paused:
        return self._data.pop(0) if self._data else NEED_DATA

    def send(self, action: str) -> bytes:
        return action.encode()

    def tls_started(self, tls: TlsFacts) -> None:
        self._data.clear()


def test_a_class_with_the_four_methods_is_an_engine_and_so_an_event_source() -> None:
    engine: Engine[bytes, str] = Echo()
    source: EventSource[bytes] = engine
    assert source.next_event() is NEED_DATA
    source.receive(b"x")
    assert source.next_event() == b"x"


def test_need_data_and_paused_are_distinct_and_the_only_values_of_their_types() -> None:
    assert [*NeedData, *Paused] == [NEED_DATA, PAUSED]


def test_tls_facts_print_as_version_and_cipher() -> None:
    facts = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", "mail.example.test")
    assert str(facts) == "TLSv1.3 TLS_AES_256_GCM_SHA384"
