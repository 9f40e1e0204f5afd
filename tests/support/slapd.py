"""A real slapd on loopback: example.org with alice, bob, a service account and two groups."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.certificates import write_certificate
from tests.support.ports import free_base, wait_until_listening

PEOPLE = 1200  # beside those with a name: more than two pages
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {root}/slapd.pid
TLSCertificateFile {root}/slapd.pem
TLSCertificateKeyFile {root}/slapd.key
database mdb
maxsize 16777216
suffix "dc=example,dc=org"
rootdn "cn=root,dc=example,dc=org"
rootpw root-password
directory {root}/db
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
limits users size.prtotal=unlimited
"""
HEAD = """dn: dc=example,dc=org
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: cn=reader,dc=example,dc=org
objectClass: inetOrgPerson
cn: reader
sn: reader
userPassword: reader-password

dn: cn=admins,dc=example,dc=org
objectClass: groupOfNames
cn: admins
member: uid=alice,ou=people,dc=example,dc=org

dn: cn=uniques,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: uniques
uniqueMember: uid=bob,ou=people,dc=example,dc=org

dn: cn=posix,dc=example,dc=org
objectClass: posixGroup
cn: posix
gidNumber: 100
memberUid: bob
"""
PERSON = """
dn: uid={uid},ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: {uid}
cn: {uid}
sn: {uid}
mail: {uid}@example.org
employeeType: {kind}
businessCategory: cn={kind}s,dc=example,dc=org
userPassword: {uid}-password
"""
ELSEWHERE = """
dn: ou=elsewhere,dc=example,dc=org
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://192.0.2.1/dc=example,dc=com
"""


class Slapd(NamedTuple):
    """Where it is."""

    ldap: str
    ldaps: str
    ca: Path

    @property
    def base(self) -> str:
        return "dc=example,dc=org"


@contextlib.contextmanager
def slapd(root: Path) -> Iterator[Slapd]:
    """Until it answers; ended with SIGTERM."""
    (root / "db").mkdir()
    certificate, _key = write_certificate(root, "localhost", stem="slapd")
    config = root / "slapd.conf"
    config.write_text(CONFIG.format(root=root))
    people = [("alice", "user"), ("bob", "user"), ("carol", "former"), ("a*b(c)", "user")]
    people += [(f"person{number}", "crowd") for number in range(PEOPLE)]
    ldif = HEAD + "".join(PERSON.format(uid=uid.replace("\\", "\\\\"), kind=kind) for uid, kind in people) + ELSEWHERE
    (root / "first.ldif").write_text(ldif)
    subprocess.run(
        ["/usr/sbin/slapadd", "-q", "-f", config, "-l", root / "first.ldif"], check=True, capture_output=True
    )
    base = free_base([0, 1])
    places = f"ldap://127.0.0.1:{base}/ ldaps://127.0.0.1:{base + 1}/"
    with (root / "slapd.log").open("wb") as log:
        process = subprocess.Popen(["/usr/sbin/slapd", "-f", config, "-h", places, "-d", "0"], stdout=log, stderr=log)
        try:
            wait_until_listening(base)
            wait_until_listening(base + 1)
            yield Slapd(f"ldap://localhost:{base}", f"ldaps://localhost:{base + 1}", certificate)
        finally:
            process.terminate()
            process.wait(timeout=30)
