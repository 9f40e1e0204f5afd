from pathlib import Path
from typing import cast

import pytest

from skrytka.daemon.layout import Layout
from skrytka.daemon.public import public_deps, published_policy
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.clock import FixedClock
from skrytka.model.settings import Listener, Listeners, MtaSts, Settings
from skrytka.store.api import Store


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (MtaSts(), None),
        (MtaSts(mode="none"), b"version: STSv1\r\nmode: none\r\nmx: mail.example.test\r\nmax_age: 604800\r\n"),
        (
            MtaSts(mode="enforce", mx=("A.test", "*.b.test"), max_age_s=86400),
            b"version: STSv1\r\nmode: enforce\r\nmx: a.test\r\nmx: *.b.test\r\nmax_age: 86400\r\n",
        ),
    ],
)
def test_the_policy_of_the_settings(wanted: MtaSts, text: bytes | None) -> None:
    policy = published_policy(Settings(version=1, hostname="mail.example.test", mta_sts=wanted))
    assert (policy and policy.text()) == text


@pytest.mark.parametrize("is_enabled", [True, False])
def test_in_clear_nobody_is_sent_to_a_port_that_is_not_there(is_enabled: bool, tmp_path: Path) -> None:
    listeners = Listeners(https=Listener(port=443, is_enabled=is_enabled))
    settings = Settings(version=1, hostname="Mail.example.test", listeners=listeners)
    deps = public_deps(settings, Layout(tmp_path), HostedDomains(cast("Store", None)), FixedClock())
    assert deps.is_redirecting is is_enabled
    assert deps.hostname == "mail.example.test"
    assert deps.challenges.http("x" * 43) is None
