import os
import subprocess
import sys
from pathlib import Path

import pytest

from skrytka.net import openssl_conf
from tests.support.certificates import write_certificate

PROVE = """
import sys
from pathlib import Path
from skrytka.net.openssl_conf import prove
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.model.errors import PermanentError
try:
    proof = prove(TlsStore([CertificateFiles(Path(sys.argv[1]), Path(sys.argv[2]))]))
except PermanentError as exc:
    print("BROKEN", exc.detail)
else:
    print("PROVEN", proof.version, len(proof.refused))
"""


def run_prove(pair: tuple[Path, Path], conf: Path | None) -> str:
    """In a process of its own, since OpenSSL reads the file once, when it is loaded."""
    env = {name: value for name, value in os.environ.items() if name != openssl_conf.VARIABLE}
    if conf is not None:
        env[openssl_conf.VARIABLE] = str(conf)
    return subprocess.run(
        [sys.executable, "-c", PROVE, *map(str, pair)], env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_the_written_file_is_in_force_in_a_new_process(tmp_path: Path, kind: str) -> None:
    conf = tmp_path / "openssl.cnf"
    openssl_conf.write(conf)
    pair = write_certificate(tmp_path, "a.example", kind=kind)
    assert run_prove(pair, conf) == "PROVEN TLSv1.3 4"


def test_without_the_file_the_proof_fails(tmp_path: Path) -> None:
    pair = write_certificate(tmp_path, "a.example")
    assert run_prove(pair, None).startswith("BROKEN TLS is not as configured: group P-521 was accepted")


def test_a_file_with_an_unknown_group_fails_open_and_the_proof_finds_it(tmp_path: Path) -> None:
    conf = tmp_path / "openssl.cnf"
    conf.write_text(openssl_conf.render().replace("X25519:", "NoSuchGroup:X25519:"))
    assert run_prove(write_certificate(tmp_path, "a.example"), conf).startswith("BROKEN")


@pytest.mark.parametrize(
    ("openssl", "best"),
    [((3, 0, 19), "X25519"), ((3, 4, 9), "X25519"), ((3, 5, 0), "X25519MLKEM768"), ((4, 0, 0), "X25519MLKEM768")],
)
def test_the_hybrid_group_stands_first_where_openssl_knows_it(openssl: tuple[int, ...], best: str) -> None:
    assert openssl_conf.groups(openssl)[0] == best
    assert f"Groups = {best}" in openssl_conf.render(openssl)


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "openssl.cnf"
    path.write_text("old")
    openssl_conf.write(path)
    assert path.read_text() == openssl_conf.render()
    assert [entry.name for entry in tmp_path.iterdir()] == ["openssl.cnf"]


def test_a_file_that_is_right_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "openssl.cnf"
    openssl_conf.write(path)
    before = path.stat().st_ino
    openssl_conf.write(path)
    assert path.stat().st_ino == before
