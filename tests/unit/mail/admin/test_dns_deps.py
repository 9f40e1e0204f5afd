from skrytka.mail.admin.dns_deps import DnsDeps
from skrytka.net.dns.zone import StaticZone
from tests.support.published import Kept


def test_who_has_no_certificates_or_policies_names_none() -> None:
    deps = DnsDeps(resolver=lambda: StaticZone({}), memory=Kept(), hostname="mail.example.org", ports={})
    assert (deps.served(), deps.next_associations(), deps.policy_id("example.org")) == ((), (), "")
