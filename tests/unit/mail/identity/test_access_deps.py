import pytest

from skrytka.mail.identity.access_deps import AccessDeps, AccessPart, mac, open_record, seal
from skrytka.mail.identity.approvals import Matter
from skrytka.mail.identity.sessions import Place
from skrytka.model.errors import PermanentError


async def test_a_record_opens_in_its_own_row_only(access: AccessDeps) -> None:
    keys = await AccessPart(access)._keys()
    sealed = seal(keys, b"session", b"1", Place("192.0.2.1", "curl"))
    assert open_record(keys, b"session", b"1", sealed, Place) == Place("192.0.2.1", "curl")
    for label, row, kind in ((b"session", b"2", Place), (b"api_key", b"1", Place), (b"session", b"1", Matter)):
        with pytest.raises(PermanentError):
            open_record(keys, label, row, sealed, kind)
    assert len({mac(keys, b"a", b"x"), mac(keys, b"b", b"x"), mac(keys, b"a", b"y")}) == 3
