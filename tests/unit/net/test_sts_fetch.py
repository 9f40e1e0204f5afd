from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https
from skrytka.net.sts_fetch import FETCH_ERROR, INVALID, UNTRUSTED, PolicyError, fetch_policy
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.tlspolicy.sts import StsPolicy
from tests.support.chains import Issued, issue, write_chain
from tests.support.https_server import https_peer

ROOT = issue("root", is_authority=True)
WEB = issue("web", ROOT, names=("mta-sts.example.test",))
POLICY = b"version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n"
ZONE = "mta-sts.example.test:\n  - A: 127.0.0.1\n"


async def fetch(folder: Path, leaf: Issued, zone: str = ZONE, **says: str) -> StsPolicy:
    write_chain(folder, ROOT, stem="ca")
    async with https_peer(folder, (leaf,)) as peer:
        body = says.pop("body", "")
        peer.says(body.encode() or POLICY, **says)
        dial = Dialer(Sweeper(FixedClock()), service="test")
        https = Https(dial, StaticZone.parse(zone), ClientTls(), ca_file=str(folder / "ca.pem"))
        found = await fetch_policy(https, "example.test", peer.port)
        assert peer.asked[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
        return found


async def test_a_policy_comes(tmp_path: Path) -> None:
    assert await fetch(tmp_path, WEB) == StsPolicy("enforce", ("mx.example.test",), 86_400)


@pytest.mark.parametrize(
    ("leaf", "zone", "says", "result", "is_unreachable"),
    [
        (issue("stranger", names=("mta-sts.example.test",)), ZONE, {}, UNTRUSTED, False),
        (issue("other", ROOT, names=("elsewhere.test",)), ZONE, {}, UNTRUSTED, False),
        (WEB, "x.test:\n  - A: 127.0.0.1\n", {}, FETCH_ERROR, True),
        (WEB, ZONE, {"status": "404 Not Found"}, FETCH_ERROR, False),
        (WEB, ZONE, {"status": "301 Moved"}, FETCH_ERROR, False),
        (WEB, ZONE, {"kind": "text/html"}, INVALID, False),
        (WEB, ZONE, {"body": "version: STSv1"}, INVALID, False),
    ],
)
async def test_what_is_no_policy(
    tmp_path: Path, leaf: Issued, zone: str, says: dict[str, str], result: str, is_unreachable: bool
) -> None:
    with pytest.raises(PolicyError) as caught:
        await fetch(tmp_path, leaf, zone, **says)
    assert (caught.value.result, caught.value.is_unreachable) == (result, is_unreachable)
