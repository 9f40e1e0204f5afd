import asyncio
from collections.abc import Iterator

import dns.message
import dns.tsigkeyring
import msgspec
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Mx, Server
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns import update as updates
from skrytka.net.dns.stub import StubResolver
from skrytka.net.dns.update import TsigKey, read_key, update
from skrytka.store.system import SystemRandom
from tests.support.knot import KEY, OTHER_SECRET, READER, knot
from tests.support.ports import free_base

MX = "example.org. 3600 IN MX 10 mail.example.org."
SPF = 'example.org. 3600 IN TXT "v=spf1 mx -all"'
SECRET = KEY.secret.reveal().decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with knot(tmp_path_factory.mktemp("knot")) as running:
        yield running


async def ask(server: Server, name: str, rdtype: str) -> Answer:
    return await StubResolver([server], FixedClock(), SystemRandom()).query(name, rdtype)


@pytest.mark.needs("knot")
async def test_records_come_and_go_alone(server: Server) -> None:
    await update(server, "example.org", KEY, add=[MX, SPF], remove=[])
    assert (await ask(server, "example.org", "MX")).exchanges == (Mx(10, "mail.example.org"),)
    assert set((await ask(server, "example.org", "TXT")).strings) == {
        b"google-site-verification=abc",
        b"v=spf1 mx -all",
    }
    await update(server, "example.org", KEY, add=[SPF.replace("-all", "~all")], remove=[SPF, MX])
    assert (await ask(server, "example.org", "MX")).exchanges == ()
    assert set((await ask(server, "example.org", "TXT")).strings) == {
        b"google-site-verification=abc",
        b"v=spf1 mx ~all",
    }
    await update(server, "example.org", KEY, add=[], remove=[SPF.replace("-all", "~all"), MX])  # gone already: no fault


@pytest.mark.needs("knot")
async def test_long_texts_and_all_kinds_are_taken(server: Server) -> None:
    key = "x" * 400
    lines = [
        f'long._domainkey.example.org. 3600 IN TXT "{key[:255]}" "{key[255:]}"',
        "_25._tcp.mail.example.org. 3600 IN TLSA 3 1 1 " + "ab" * 32,
        "_imaps._tcp.example.org. 3600 IN SRV 0 1 993 mail.example.org.",
        'mail.example.org. 3600 IN CAA 0 issue "ca.example"',
        "mta-sts.example.org. 3600 IN CNAME mail.example.org.",
    ]
    await update(server, "example.org", KEY, add=lines, remove=[])
    assert (await ask(server, "long._domainkey.example.org", "TXT")).strings == (key.encode(),)
    assert (await ask(server, "_25._tcp.mail.example.org", "TLSA")).associations[0].data == b"\xab" * 32
    assert (await ask(server, "mta-sts.example.org", "A")).texts == ("192.0.2.25",)


@pytest.mark.needs("knot")
async def test_an_alias_takes_nobodys_place_and_then_nothing_else_is_done(server: Server) -> None:
    with pytest.raises(PermanentError, match="something else at a name"):
        await update(server, "example.org", KEY, add=[MX, "www.example.org. 60 IN CNAME ns.example.org."], remove=[])
    assert (await ask(server, "www.example.org", "CNAME")).texts == ("mail.example.org",)
    assert (await ask(server, "example.org", "MX")).exchanges == ()


@pytest.mark.needs("knot")
@pytest.mark.parametrize(
    ("zone", "key", "said"),
    [
        ("example.org", msgspec.structs.replace(KEY, name="other"), "does not know the key other"),
        ("example.org", msgspec.structs.replace(KEY, secret=OTHER_SECRET), "another secret for the key skrytka"),
        ("example.org", READER, "not for this: allow it to change example.org"),
        ("example.net", KEY, "NOTAUTH|REFUSED"),
    ],
)
async def test_a_refusal_says_what_to_mend(server: Server, zone: str, key: TsigKey, said: str) -> None:
    with pytest.raises(PermanentError, match=said) as caught:
        await update(server, zone, key, add=[MX.replace("example.org. 3600", f"{zone}. 3600")], remove=[])
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert key.secret.reveal().decode() not in str(caught.value)


@pytest.mark.needs("knot")
async def test_a_clock_that_is_wrong_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    with pytest.raises(PermanentError, match="clock"):
        await update(server, "example.org", KEY, add=[MX], remove=[])


async def test_a_server_that_is_not_there_is_a_fault_that_passes() -> None:
    with pytest.raises(TransientError, match="does not answer") as caught:
        await update(Server("127.0.0.1", free_base([0])), "example.org", KEY, add=[MX], remove=[])
    assert caught.value.reason is Reason.DNS_TIMEOUT


async def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "TIMEOUT_S", 0.05)
    ended = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(TransientError, match="does not answer"):
        await update(Server("127.0.0.1", port), "example.org", KEY, add=[MX], remove=[])
    ended.set()
    listening.close()
    await listening.wait_closed()


@pytest.mark.parametrize("kind", ["unsigned", "other key", "nonsense", "other id"])
async def test_an_answer_that_is_not_the_servers_is_none(kind: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        ring = dns.tsigkeyring.from_text({"skrytka": ("hmac-sha256", SECRET)})
        query = dns.message.from_wire(await reader.readexactly(length), keyring=ring)
        response = dns.message.make_response(query)
        if kind == "other key":
            response.use_tsig(dns.tsigkeyring.from_text({"skrytka": ("hmac-sha256", OTHER_SECRET.reveal().decode())}))
        elif kind != "other id":
            response.tsig = None
        if kind == "other id":
            response.id ^= 1
        raw = b"nonsense" * 3 if kind == "nonsense" else response.to_wire()
        writer.write(len(raw).to_bytes(2, "big") + raw)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(PermanentError, match="signed"):
        await update(Server("127.0.0.1", port), "example.org", KEY, add=[MX], remove=[])
    listening.close()
    await listening.wait_closed()


@pytest.mark.parametrize(
    "text",
    [
        f'key "skrytka" {{\n\talgorithm hmac-sha256;\n\tsecret "{SECRET}";\n}};\n',
        f'key skrytka. {{ algorithm HMAC-SHA256; secret "{SECRET}"; }};',
        f"# hmac-sha256:skrytka:{SECRET}\nkey:\n  - id: skrytka\n    algorithm: hmac-sha256\n    secret: {SECRET}\n",
        f"hmac-sha256:skrytka:{SECRET}\n",
    ],
)
def test_a_key_is_read_as_others_write_it(text: str) -> None:
    key = read_key(text)
    assert (key.name, key.algorithm, key.secret.reveal().decode()) == ("skrytka", "hmac-sha256", SECRET)
    assert SECRET not in repr(key)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no TSIG key"),
        ("hmac-md5:a:AAAA", "hmac-md5"),
        ("hmac-sha256:a:A*", "not base64"),
        ("hmac-sha1:a:AAAA", "sha1"),
    ],
)
def test_what_is_no_key_is_told_without_it(text: str, said: str) -> None:
    with pytest.raises(PermanentError, match=said) as caught:
        read_key(text)
    assert caught.value.reason is Reason.BAD_CONFIG
    assert "AAAA" not in str(caught.value)
