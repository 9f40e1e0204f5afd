"""Debian's Postfix as smarthost: everything goes through it, after a login, under TLS with a proven certificate."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.certificates import write_certificate
from tests.support.demo import Demo, prepared
from tests.support.dovecot_auth import DovecotAuth
from tests.support.faults.outside import submit
from tests.support.ports import free_block
from tests.support.postfix import PostfixPeer

pytestmark = pytest.mark.needs("postfix", "dovecot-imapd", "root")

WAIT_S = 40.0
PASSWORD = "password-of-the-relay"
POSTFIX = """\
virtual_mailbox_domains = far.test
mynetworks =
smtpd_tls_cert_file = {root}/cert.pem
smtpd_tls_key_file = {root}/cert.key
smtpd_tls_security_level = encrypt
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {socket}
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
ROUTE = """
[outbound]
retry_s = [1]

[[outbound.routes]]
domain = "*"
host = "localhost"
port = {port}
tls = "required"
ca_file = "relay.pem"
username = "ours"
password_file = "relay.password"
"""


class Relay(NamedTuple):
    """The server whose mail goes through Postfix, and Postfix."""

    demo: Demo
    postfix: PostfixPeer


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    root = Path("/tmp") / f"skrytka-relay-{time.monotonic_ns()}"  # Postfix wants a path that others may enter
    with ExitStack() as stack:
        stack.callback(lambda: shutil.rmtree(root, ignore_errors=True))
        auth = stack.enter_context(DovecotAuth(root / "auth", PASSWORD))
        certificate, _key = write_certificate(root, "localhost")
        more = POSTFIX.format(root=root, socket=auth.socket)
        postfix = stack.enter_context(PostfixPeer(root / "postfix", free_block(), route=1, more=more))
        demo = prepared(tmp_path / "demo")
        shutil.copy(certificate, demo.root / "relay.pem")
        (demo.root / "relay.password").write_text(PASSWORD + "\n")
        config = demo.root / "skrytka.toml"
        zone = demo.root / "zone.yml"
        zone.write_text(zone.read_text() + "localhost:\n  - A: 127.0.0.1\n")
        config.write_text(config.read_text() + ROUTE.format(port=postfix.port))
        yield Relay(stack.enter_context(demo), postfix)


def test_everything_goes_through_the_smarthost_after_a_login_under_tls(relay: Relay) -> None:
    submit(relay.demo, "far.test", ["first", "second"])
    messages = relay.postfix.wait_for(2, WAIT_S)
    assert {message.split(b"Subject: ")[1].split(b"\n")[0] for message in messages} == {b"first", b"second"}
    assert all(b"(using TLSv1.3 " in message for message in messages)
    assert "sasl_username=ours" in relay.postfix.log
    assert "overriding earlier entry" not in relay.postfix.log  # whoever writes the log must not write to it


def test_with_a_wrong_password_mail_waits_and_goes_when_it_is_right(relay: Relay) -> None:
    (relay.demo.root / "relay.password").write_text("wrong\n")
    submit(relay.demo, "far.test", ["later"])
    end = time.monotonic() + WAIT_S
    while not (rows := json.loads(relay.demo.run("queue", "list", "--json").stdout)) or not rows[0]["attempts"]:
        assert time.monotonic() < end, rows
        time.sleep(0.3)
    assert rows[0]["reason"].startswith("4.")
    assert relay.postfix.messages() == []
    (relay.demo.root / "relay.password").write_text(PASSWORD + "\n")
    relay.postfix.wait_for(1, WAIT_S)
