"""The peer that asks whose mail it is: Postfix with Debian's policyd-spf, OpenDKIM and OpenDMARC, and a resolver.

OpenDMARC refuses what a domain asks to refuse, as we do. The three ask whom ``/etc/resolv.conf`` names: their processes
see another one, in a mount namespace of their own. The resolver is unbound with the bench's records; we ask it too.
"""

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

from bench.ours import DOMAIN
from bench.peer import PostfixDovecot
from tests.support.needs import SYSTEM_PATH
from tests.support.ports import wait_until_listening

RESOLVER = "127.53.0.1"  # port 53, which nobody else has there
HOSTNAME = f"mail.{DOMAIN}"
UNBOUND = """\
server:
    interface: {address}@53
    directory: "{root}"
    username: ""
    chroot: ""
    pidfile: ""
    use-syslog: no
    logfile: "{root}/unbound.log"
    do-daemonize: no
    do-ip6: no
    access-control: 127.0.0.0/8 allow
    module-config: "iterator"
    num-threads: 1
    local-zone: "." static
{records}
remote-control:
    control-enable: no
"""
OPENDKIM = """\
Syslog no
Mode v
Canonicalization relaxed/relaxed
UserID root
UMask 0
Socket inet:{port}@127.0.0.1
Nameservers {address}
InternalHosts csl:192.0.2.1
AuthservID {hostname}
AlwaysAddARHeader yes
"""
OPENDMARC = """\
Syslog false
UserID root
Socket inet:{port}@127.0.0.1
AuthservID {hostname}
TrustedAuthservIDs {hostname}
IgnoreHosts {root}/nobody
RejectFailures true
SPFSelfValidate false
"""
POLICYD_SPF = """\
debugLevel = 0
TestOnly = 1
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
skip_addresses = 192.0.2.1/32
Header_Type = AR
Authserv_Id = {hostname}
"""
MAIN = """\
smtpd_milters = inet:127.0.0.1:{dkim}, inet:127.0.0.1:{dmarc}
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:private/policyd-spf
milter_default_action = tempfail
"""
SERVICE = "policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf {root}/policyd-spf.conf\n"


class CheckingPostfix(PostfixDovecot):
    """Start with ``with``, as root; ends the processes it started, and only those."""

    name = "Postfix + milters"

    def __init__(self, root: Path, port_base: int, records: dict[str, str]) -> None:
        self._ports = {"dkim": port_base + 81, "dmarc": port_base + 82}
        self._records = records
        self._own: list[subprocess.Popen[bytes]] = []
        self._stack = ExitStack()
        bind = f"mount --bind {root}/resolv.conf /etc/resolv.conf"
        self._prefix = ["unshare", "--mount", "sh", "-c", f'{bind} && exec "$@"', "sh"]
        super().__init__(
            root, port_base, main=MAIN.format(**self._ports), services=SERVICE.format(root=root), prefix=self._prefix
        )

    def __enter__(self) -> "CheckingPostfix":
        self.root.mkdir(parents=True)
        self.root.chmod(0o755)
        try:
            self._write_checks()
            self._run("unbound", "-d", "-c", f"{self.root}/unbound.conf")
            self._run(*self._prefix, "opendkim", "-f", "-x", f"{self.root}/opendkim.conf")
            self._run(*self._prefix, "opendmarc", "-f", "-c", f"{self.root}/opendmarc.conf")
            for port in self._ports.values():
                wait_until_listening(port)
            super().__enter__()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *rest: object) -> None:
        try:
            super().__exit__(*rest)
        finally:
            self._stack.close()

    @property
    def pids(self) -> list[int]:
        """The resolver is not among them: it answers us too."""
        return [*super().pids, *(process.pid for process in self._own[1:])]

    def _write_checks(self) -> None:
        known = {"root": self.root, "address": RESOLVER, "hostname": HOSTNAME}
        records = "\n".join(
            f"    local-data: '{name}. 3600 IN TXT {_strings(text)}'" for name, text in self._records.items()
        )
        for name, text in {
            "resolv.conf": f"nameserver {RESOLVER}\n",
            "nobody": "192.0.2.1\n",
            "unbound.conf": UNBOUND.format(records=records, **known),
            "opendkim.conf": OPENDKIM.format(port=self._ports["dkim"], **known),
            "opendmarc.conf": OPENDMARC.format(port=self._ports["dmarc"], **known),
            "policyd-spf.conf": POLICYD_SPF.format(**known),
        }.items():
            (self.root / name).write_text(text)

    def _run(self, *command: str) -> None:
        log = self._stack.enter_context((self.root / "checks.log").open("ab"))
        environment = os.environ | {"PATH": SYSTEM_PATH}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._own.append(process)
        self._stack.callback(process.wait, 20)
        self._stack.callback(process.terminate)


def _strings(text: str) -> str:
    """RFC 7208 3.3: a string has 255 octets at most."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
