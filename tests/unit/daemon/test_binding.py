import socket
import stat
from pathlib import Path

import pytest

from skrytka.daemon import binding
from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from skrytka.model.settings import Listener, Listeners, LoginListener, Settings
from tests.support.ports import free_block

PORT = free_block()


def settings(*ports: int, addresses: tuple[str, ...] = ("127.0.0.1",)) -> Settings:
    enabled = [LoginListener(port=port, addresses=addresses) for port in ports]
    off = LoginListener(port=1, is_enabled=False)
    smtp, imaps, imap = [*enabled, off, off, off][:3]
    return Settings(version=1, hostname="mail.example.test", listeners=Listeners(smtp=smtp, imaps=imaps, imap=imap))


def test_every_address_of_every_enabled_listener_is_bound() -> None:
    bound = binding.bind_all(settings(PORT, PORT + 1, addresses=("127.0.0.1", "127.0.0.2")))
    places = {name: [sock.getsockname() for sock in socks] for name, socks in bound.by_service.items()}
    bound.close()
    assert places == {
        "smtp": [("127.0.0.1", PORT), ("127.0.0.2", PORT)],
        "imaps": [("127.0.0.1", PORT + 1), ("127.0.0.2", PORT + 1)],
    }


def test_a_taken_port_is_named_with_its_service_and_gives_back_the_others() -> None:
    told = rf"port {PORT + 1} \(imaps, 127.0.0.1:{PORT + 1}\).*ss -ltnp"
    with socket.create_server(("127.0.0.1", PORT + 1)), pytest.raises(TransientError, match=told):
        binding.bind_all(settings(PORT, PORT + 1))
    binding.bind("smtp", "127.0.0.1", PORT).close()


def test_mail_does_not_wait_for_a_web_port_that_another_program_has() -> None:
    listeners = Listeners(
        smtp=Listener(port=PORT, addresses=("127.0.0.1",)),
        imaps=LoginListener(port=PORT + 1, addresses=("127.0.0.1",)),
        http=Listener(port=PORT + 2, addresses=("127.0.0.1",)),
        imap=LoginListener(port=1, is_enabled=False),
    )
    with socket.create_server(("127.0.0.1", PORT + 2)):
        bound = binding.bind_all(Settings(version=1, hostname="mail.example.test", listeners=listeners))
    assert set(bound.by_service) == {"smtp", "imaps"}
    assert len(bound.missing) == 1
    assert f"port {PORT + 2} (http, 127.0.0.1:{PORT + 2}) is taken" in bound.missing[0]
    bound.close()


@pytest.mark.parametrize(
    ("address", "hint"), [("192.0.2.1", "does not have"), ("2001:db8::1", "does not have|does not speak")]
)
def test_an_address_of_another_machine_is_refused(address: str, hint: str) -> None:
    with pytest.raises(PermanentError, match=hint):
        binding.bind("smtp", address, PORT)


def test_two_sockets_do_not_share_a_port() -> None:
    first = binding.bind("smtp", "127.0.0.1", PORT)
    with pytest.raises(SkrytkaError):
        binding.bind("smtp", "127.0.0.1", PORT)
    first.close()


def test_the_ipv6_wildcard_is_left_out_where_there_is_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_has_ipv6", lambda: False)
    assert binding._addresses(("0.0.0.0", "::")) == ("0.0.0.0",)
    assert binding._addresses(("::",)) == ("::",)


def test_the_control_socket_is_ours_alone_and_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    binding.bind_control(path).close()
    sock = binding.bind_control(path)
    mode = path.lstat().st_mode
    sock.close()
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_the_control_socket_may_lie_deeper_than_a_socket_path_is_long(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["x" * 50] * 4)
    folder.mkdir(parents=True)
    binding.bind_control(folder / "control.sock").close()
    assert (folder / "control.sock").is_socket()


def test_a_file_that_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("mine")
    with pytest.raises(PermanentError) as caught:
        binding.bind_control(path)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert path.read_text() == "mine"
