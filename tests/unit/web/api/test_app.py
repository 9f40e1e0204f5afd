from tests.unit.web.api.support import Api


async def test_whether_it_is_there_is_no_secret_and_what_it_can_is(api: Api) -> None:
    assert (await api.ask("", "GET", "/live"))[0] == 200
    assert (await api.ask("", "GET", "/openapi.json"))[0] == 401
    assert (await api.ask("", "GET", "/nothing"))[0] == 404
    status, document, _fields = await api.ask(await api.token("alice"), "GET", "/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert api.web.refused(413).status == 413
    assert api.web.networks is not None
