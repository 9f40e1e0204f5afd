"""Whether the owner of a domain wants to hear of one message, and of what in it (RFC 9989 4.7: ruf and fo)."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from skrytka.model.dns import Status
from skrytka.protocol.mailauth.dkim.results import DkimReason, SignatureResult
from skrytka.protocol.mailauth.dkim.results import Result as DkimResult
from skrytka.protocol.mailauth.dmarc.evaluate import Evaluation
from skrytka.protocol.mailauth.dmarc.evaluate import Result as DmarcResult
from skrytka.protocol.mailauth.message import MessageResults
from skrytka.protocol.mailauth.query import Check, Query
from skrytka.protocol.mailauth.spf.name import is_at_or_below
from skrytka.protocol.mailauth.spf.result import Result as SpfResult
from skrytka.protocol.reports.failure import FailedSignature, FailureKind

RECORD_MAX: Final = 1024  # characters of an SPF record that are told
_KINDS: Final[dict[DkimReason, FailureKind]] = {
    DkimReason.BODY_CHANGED: "bodyhash",
    DkimReason.BODY_CUT: "bodyhash",
    DkimReason.KEY_REVOKED: "revoked",
}
_NO_FAILURE: Final = frozenset({DkimResult.PASS, DkimResult.NONE, DkimResult.TEMPERROR})  # the last passes by itself
_SPF_FAILURES: Final = frozenset({SpfResult.FAIL, SpfResult.SOFTFAIL, SpfResult.PERMERROR})
_SPF_RECORD: Final = "v=spf1"


class FailureWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell."""

    domain: str  # in From
    policy_domain: str  # whose record asks for it
    to: tuple[str, ...]  # not parsed and not confirmed
    kind: FailureKind
    failed: tuple[Literal["dkim", "spf"], ...]
    authentication: str
    signature: FailedSignature | None = None
    spf_domain: str = ""  # of the identity that SPF was asked about
    is_spf_told: bool = False  # its record belongs into the report

    @property
    def condition(self) -> str:
        """The same for messages that fail alike; with where they come from it tells one failure from another."""
        signature = self.signature.domain if self.signature is not None else ""
        return " ".join((self.policy_domain, self.kind, self.authentication, *self.failed, signature, self.spf_domain))


def failure_wanted(results: MessageResults) -> FailureWanted | None:
    """None: nobody asks, or there is nothing to tell; neither of a public suffix's policy (RFC 9991 2)."""
    found = results.dmarc.evaluation
    if found is None or found.record is None or found.result not in (DmarcResult.PASS, DmarcResult.FAIL):
        return None
    record = found.record
    if not record.failure_to or record.psd == "y":
        return None
    aligned = found.is_aligned
    failed = tuple(method for method in ("dkim", "spf") if not aligned[method])
    told = _kind(results, found, failed)
    if told is None:
        return None
    kind, authentication, signature = told
    spf_domain = "" if results.spf is None else results.spf.identity.domain
    return FailureWanted(
        domain=found.author,
        policy_domain=found.record_domain,
        to=record.failure_to,
        kind=kind,
        failed=failed,  # type: ignore[arg-type]
        authentication=authentication,
        signature=signature if signature is not None else _aligned_failure(results.dkim, found),
        spf_domain=spf_domain,
        is_spf_told=kind == "spf" or ("spf" in failed and _is_akin(spf_domain, found)),
    )


def spf_records(wanted: FailureWanted) -> Check[tuple[tuple[str, str], ...]]:
    """What DNS has now of the record that was asked for (RFC 6591 3.2.6); those that it includes are left out."""
    if not (wanted.is_spf_told and wanted.spf_domain):
        return ()
    answer = yield Query(wanted.spf_domain, "TXT")
    if answer is None or answer.status is not Status.NOERROR:
        return ()
    texts = [each.decode("latin-1") for each in answer.strings]
    return tuple((wanted.spf_domain, text[:RECORD_MAX]) for text in texts if text.lower().startswith(_SPF_RECORD))[:1]


def _kind(
    results: MessageResults, found: Evaluation, failed: tuple[str, ...]
) -> tuple[FailureKind, str, FailedSignature | None] | None:
    """One report a message; the first of what fo asks for."""
    options = found.record.failure_options if found.record is not None else frozenset()
    if found.result is DmarcResult.FAIL and options & {"0", "1"}:
        return "dmarc", "dmarc=fail", None
    if "1" in options and failed:
        return "dmarc", "dmarc=pass", None
    broken = next((each for each in results.dkim if each.result not in _NO_FAILURE and each.domain), None)
    if "d" in options and broken is not None:
        return _KINDS.get(broken.reason, "signature"), f"dkim={broken.result}", _signature(broken)
    spf = results.spf
    if "s" in options and spf is not None and spf.result in _SPF_FAILURES:
        return "spf", f"spf={spf.result}", None
    return None


def _aligned_failure(signatures: Iterable[SignatureResult], found: Evaluation) -> FailedSignature | None:
    """RFC 9991 4: DKIM-Domain and its like are required where an aligned signature fails."""
    for each in signatures:
        if each.result not in _NO_FAILURE and each.domain and _is_akin(each.domain, found):
            return _signature(each)
    return None


def _is_akin(domain: str, found: Evaluation) -> bool:
    """Aligned as far as names tell: at or below whose policy it is, or above the author."""
    return is_at_or_below(domain, found.record_domain) or is_at_or_below(found.author, domain)


def _signature(found: SignatureResult) -> FailedSignature:
    return FailedSignature(found.domain, found.identity, found.selector)
