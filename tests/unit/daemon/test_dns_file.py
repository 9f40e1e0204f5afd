from pathlib import Path

import pytest

from skrytka.daemon.dns_file import DnsFile
from skrytka.mail.admin.dns_memory import Memory, Standing

MEMORY = Memory(domains={"example.org": Standing(looked_at_ms=5, faults={"MX example.org": "missing"})})


def test_what_is_saved_is_there_for_the_next_process(tmp_path: Path) -> None:
    DnsFile(tmp_path / "dns.json").save(MEMORY)
    assert DnsFile(tmp_path / "dns.json").load() == MEMORY
    assert (tmp_path / "dns.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("raw", [None, b"", b"[]", b"{", b"\xff", b'{"domains": {"a": 1}}'])
def test_a_file_that_is_lost_or_damaged_is_an_empty_one(tmp_path: Path, raw: bytes | None) -> None:
    if raw is not None:
        (tmp_path / "dns.json").write_bytes(raw)
    assert DnsFile(tmp_path / "dns.json").load() == Memory()


def test_a_disk_that_refuses_makes_this_process_forget_nothing(tmp_path: Path) -> None:
    file = DnsFile(tmp_path / "gone" / "dns.json")
    with pytest.raises(FileNotFoundError):
        file.save(MEMORY)
    assert file.load() == MEMORY
