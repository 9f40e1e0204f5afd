"""A demo among other servers on loopback: a second Skrytka, which trusts it, and Debian's Postfix."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from skrytka.daemon.demo import STANDARD_PORTS
from tests.support.demo import Demo, prepared
from tests.support.ports import free_base
from tests.support.postfix import PostfixPeer

DORA, DORAS_PASSWORD = "dora@second.test", "a password of dora"
ROUTES = """
[outbound]
retry_s = [1]
reply_s = 5.0

[[outbound.routes]]
domain = "second.test"
host = "127.0.0.1"
port = {second}

[[outbound.routes]]
domain = "peer.test"
host = "127.0.0.1"
port = {peer}
"""


class Net(NamedTuple):
    """Mail for second.test goes to ``second``, for peer.test to ``postfix``, and from there back to ``first``."""

    first: Demo
    second: Demo
    postfix: PostfixPeer


@contextmanager
def neighbours(folder: Path, more: str = "") -> Iterator[Net]:
    """``more`` are settings of the first."""
    with ExitStack() as stack:
        second = stack.enter_context(Demo(is_new=True))  # with keys of its own; it trusts 127.0.0.1: exempt_networks
        assert second.run("domain", "add", "second.test").returncode == 0
        made = second.run("account", "add", DORA, "--password-stdin", text=f"{DORAS_PASSWORD}\n")
        assert made.returncode == 0, made.stderr
        peer_port = free_base([*STANDARD_PORTS.values(), 2525]) + 2525
        prepared(folder)
        with (folder / "skrytka.toml").open("a") as config:
            config.write(more + ROUTES.format(second=second.port("smtp"), peer=peer_port))
        first = stack.enter_context(Demo(folder))
        root = Path(tempfile.mkdtemp(prefix="skrytka-peer-"))  # pytest's folders are closed to Postfix' users
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        postfix = stack.enter_context(PostfixPeer(root, peer_port, route=first.port("smtp")))
        yield Net(first, second, postfix)
