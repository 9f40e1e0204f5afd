"""In which language owners are written to, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands import RemoveAccount, SetAccountLanguage, SetDomainLanguage
from skrytka.store.sql import languages as sql
from tests.support.store import StoreCase

DOMAIN = "example.test"


async def test_an_account_s_own_goes_before_its_domain_s(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(SetDomainLanguage(unit=case.ids.unit(), name=DOMAIN, language="pl"))
    await case.store.submit(SetAccountLanguage(unit=case.ids.unit(), account=alice, language="en"))
    assert [await case.store.read(sql.of_account(each)) for each in (alice, bob)] == ["en", "pl"]
    assert [await case.store.read(sql.own(each)) for each in (alice, bob)] == ["en", ""]
    assert await case.store.read(sql.accounts()) == {alice: "en"}
    assert await case.store.read(sql.domains()) == {DOMAIN: "pl"}
    for language in ("pl", ""):
        await case.store.submit(SetAccountLanguage(unit=case.ids.unit(), account=alice, language=language))
        assert await case.store.read(sql.of_account(alice)) == "pl"
    await case.store.submit(SetDomainLanguage(unit=case.ids.unit(), name=DOMAIN, language=""))
    assert await case.store.read(sql.of_account(alice)) == ""


async def test_what_is_gone_has_none(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(SetAccountLanguage(unit=case.ids.unit(), account=alice, language="pl"))
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice))
    assert await case.store.read(sql.accounts()) == {}
    with pytest.raises(PermanentError) as refused:
        await case.store.submit(SetAccountLanguage(unit=case.ids.unit(), account=AccountId(99), language="pl"))
    assert refused.value.reason is Reason.NO_SUCH_OBJECT
    with pytest.raises(PermanentError) as refused:
        await case.store.submit(SetDomainLanguage(unit=case.ids.unit(), name="elsewhere.test", language="pl"))
    assert refused.value.reason is Reason.NO_SUCH_DOMAIN
