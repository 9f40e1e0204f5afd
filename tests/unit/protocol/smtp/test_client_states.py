from skrytka.protocol.smtp.client_states import NEGATIVE, PIPELINED, POSITIVE, SAID, ClientState, Step


def test_every_state_has_a_row() -> None:
    assert set(SAID) == set(ClientState)


def test_a_message_needs_mail_and_rcpt() -> None:
    for state, row in SAID.items():
        if Step.DATA in row or Step.BDAT in row:
            assert state in {ClientState.RCPT, ClientState.BDAT}
        if Step.BODY in row:
            assert state is ClientState.DATA


def test_what_waits_for_its_reply_lets_nothing_follow() -> None:
    for state in (ClientState.ASKED, ClientState.ENDING, ClientState.TLS_ASKED, ClientState.TLS, ClientState.AUTH):
        assert SAID[state] == {}


def test_replies_lead_to_states_that_exist() -> None:
    assert set(POSITIVE.values()) | set(NEGATIVE.values()) <= set(ClientState)
    assert Step.HELLO not in PIPELINED
