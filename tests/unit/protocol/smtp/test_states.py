import pytest

from skrytka.protocol.smtp.states import AFTER_REFUSAL, NEXT, State, Verb


def test_every_state_has_a_row() -> None:
    assert set(NEXT) == set(State)


def test_every_state_but_the_first_can_be_reached() -> None:
    reached = {to for row in NEXT.values() for to in row.values()} | set(AFTER_REFUSAL.values())
    assert reached | {State.CONNECTED} == set(State)


@pytest.mark.parametrize("state", [State.HELLO, State.READY, State.MAIL, State.RCPT, State.BDAT, State.FAILED])
def test_noop_help_and_vrfy_change_nothing_anywhere(state: State) -> None:
    assert NEXT[state][Verb.NOOP] is NEXT[state][Verb.HELP] is NEXT[state][Verb.VRFY] is state


@pytest.mark.parametrize("state", [State.MAIL, State.RCPT, State.BDAT, State.FAILED])
def test_rset_and_ehlo_end_a_transaction(state: State) -> None:
    assert NEXT[state][Verb.RSET] is NEXT[state][Verb.EHLO] is NEXT[state][Verb.HELO] is State.READY


def test_rset_does_not_replace_ehlo() -> None:
    assert NEXT[State.HELLO][Verb.RSET] is State.HELLO


def test_no_command_is_taken_while_a_message_comes() -> None:
    assert set(NEXT[State.DATA]) == {Verb.END}
    assert set(NEXT[State.CHUNK]) == {Verb.CHUNK, Verb.END}


def test_data_and_bdat_do_not_mix() -> None:
    assert Verb.DATA not in NEXT[State.BDAT]
    assert Verb.BDAT not in NEXT[State.DATA]


def test_tls_starts_only_between_transactions() -> None:
    assert [state for state, row in NEXT.items() if Verb.STARTTLS in row] == [State.READY]


def test_a_refused_message_leaves_no_transaction() -> None:
    assert AFTER_REFUSAL[State.DATA, Verb.END] is AFTER_REFUSAL[State.CHUNK, Verb.END] is State.READY
    assert AFTER_REFUSAL[State.CHUNK, Verb.CHUNK] is State.FAILED
