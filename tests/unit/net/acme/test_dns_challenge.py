import asyncio
import re
from pathlib import Path

import dns.asyncquery
import dns.message
import pytest

from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError, Reason
from skrytka.net.acme.dns_challenge import ChallengeZone, DnsChallenges, record
from skrytka.protocol.acme.steps import Kind, Publish
from tests.support.acme_authority import TOKEN
from tests.support.knot import KEY, knot

HOST = Publish(Kind.DNS, "mail.example.org", TOKEN, f"{TOKEN}.thumb")


def test_the_record_is_that_of_rfc_8555_8_4() -> None:
    found = re.fullmatch(r'_acme-challenge\.mail\.example\.org\. 60 IN TXT "([A-Za-z0-9_-]{43})"', record(HOST))
    assert found is not None


async def texts(server: Server, name: str) -> list[str]:
    query = dns.message.make_query(name, "TXT")
    answer = await dns.asyncquery.udp(query, server.address, port=server.port, timeout=5)
    return [str(item).strip('"') for group in answer.answer for item in group]


@pytest.mark.needs("knot")
async def test_it_is_in_the_zone_from_publishing_to_withdrawing(tmp_path: Path) -> None:
    with knot(tmp_path) as server:
        zones = [
            ChallengeZone("org", Server("127.0.0.1", 1), lambda: KEY),
            ChallengeZone("example.org", server, lambda: KEY),
        ]
        challenges = DnsChallenges(zones, 0.0)
        other = Publish(Kind.DNS, "mail.example.org", TOKEN, f"{TOKEN}.other")
        for one in (HOST, other):  # a name and its wildcard are proven at the same place
            await challenges.publish(one)
        assert len(await texts(server, "_acme-challenge.mail.example.org")) == 2
        await challenges.withdraw(HOST)
        assert await texts(server, "_acme-challenge.mail.example.org") == [record(other).split('"')[1]]


async def test_a_name_in_no_zone_is_told_of_and_the_servers_have_their_time() -> None:
    with pytest.raises(PermanentError) as caught:
        await DnsChallenges((), 0.0).publish(HOST)
    assert caught.value.reason is Reason.BAD_CONFIG
    await asyncio.wait_for(DnsChallenges((), 60.0).withdraw(HOST), 1)
