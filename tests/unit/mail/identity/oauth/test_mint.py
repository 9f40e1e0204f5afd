import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.identity.oauth.mint import ACCESS, CODE, DEVICE, REFRESH, Mint
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.system import SystemRandom

ALICE = AccountId(7)
GRANT = b"g" * 16


@pytest.fixture
def mint() -> Mint:
    return Mint(Secret(b"k" * 32), SystemRandom())


def test_what_is_made_is_known_again_by_its_hash_only(mint: Mint) -> None:
    access, code = mint.access(ALICE), mint.code(ALICE)
    shown = mint.shown_access(Secret(access.text))
    assert shown is not None
    assert (shown.account, shown.mac) == (ALICE, access.mac)
    shown = mint.shown_code(Secret(code.text))
    assert shown is not None
    assert (shown.account, shown.mac) == (ALICE, code.mac)
    device = mint.device()
    assert mint.shown_device(Secret(device.text)) == device.mac
    assert access.text not in repr(access)
    assert mint.access(ALICE).text != access.text


def test_a_kind_is_never_taken_for_another(mint: Mint) -> None:
    access, code, device = mint.access(ALICE), mint.code(ALICE), mint.device()
    assert mint.shown_code(Secret(access.text)) is None
    assert mint.shown_access(Secret(code.text)) is None
    assert mint.shown_access(Secret(device.text)) is None
    assert mint.shown_code(Secret(access.text.replace(ACCESS, CODE))).mac != access.mac  # type: ignore[union-attr]


def test_a_refresh_token_names_its_grant_and_cannot_be_made_up(mint: Mint) -> None:
    refresh = mint.refresh(ALICE, GRANT)
    shown = mint.shown_refresh(Secret(refresh.text))
    assert shown is not None
    assert (shown.account, shown.grant_id, shown.mac) == (ALICE, GRANT, refresh.mac)
    changed = refresh.text[:-10] + ("A" if refresh.text[-10] != "A" else "B") + refresh.text[-9:]
    assert mint.shown_refresh(Secret(changed)) is None
    assert Mint(Secret(b"o" * 32), SystemRandom()).shown_refresh(Secret(refresh.text)) is None


def test_a_token_can_be_written_in_one_way(mint: Mint) -> None:
    text = mint.access(ALICE).text
    for other in (text + "=", text + "\n", " " + text, text[:-1], text.replace("skr_at_", "skr_AT_"), text + "AA"):
        assert mint.shown_access(Secret(other)) is None
    spare = mint.access(ALICE).text  # 40 octets: the last character carries four bits only
    others = [spare[:-1] + char for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
    assert sum(mint.shown_access(Secret(other)) is not None for other in others) <= 16


@given(st.text(max_size=80), st.sampled_from(["", ACCESS, REFRESH, CODE, DEVICE]))
def test_anything_else_is_no_token(text: str, prefix: str) -> None:
    mint = Mint(Secret(b"k" * 32), SystemRandom())
    shown = Secret(prefix + text)
    assert mint.shown_refresh(shown) is None
    for found in (mint.shown_access(shown), mint.shown_code(shown)):
        assert found is None or found.account < 2**63
    mint.shown_device(shown)


def test_what_people_type_is_forgiven(mint: Mint) -> None:
    code = mint.user_code()
    assert mint.shown_user_code(code.text.lower().replace("-", " ")) == code.mac
    assert mint.shown_user_code("nothing") is None


def test_a_subject_stays_and_tells_nothing(mint: Mint) -> None:
    assert mint.subject(ALICE) == mint.subject(ALICE) != mint.subject(AccountId(8))
    assert len(mint.subject(ALICE)) == 22


def test_a_secret_of_a_client_is_compared_by_its_hash(mint: Mint) -> None:
    secret = mint.client_secret()
    assert mint.is_client_secret(Secret(secret.text), secret.mac)
    assert not mint.is_client_secret(Secret(mint.client_secret().text), secret.mac)
    assert not mint.is_client_secret(Secret("x"), secret.mac)
