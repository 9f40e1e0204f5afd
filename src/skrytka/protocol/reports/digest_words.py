"""A digest of reports in plain words, English and Polish: what is so, and what to do about it."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from skrytka.protocol.reports.digest import Digest, Sender, TlsDigest

SENDERS_SHOWN: Final = 30
FAILURES_SHOWN: Final = 30
SURE_SHARE: Final = 0.99  # of messages pass: a stricter policy hurts nobody
SURE_MESSAGES: Final = 20
Language = Literal["en", "pl"]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """All words of a language."""

    headline: str
    summary: str
    left_off: str
    unproven: str
    new: str
    kinds: Mapping[str, str]  # by Sender.kind
    sender: str
    more: str
    raise_policy: str
    look_first: str
    at_most: str
    tls_headline: str
    tls_summary: str
    tls_fine: str
    tls_failure: str
    without_policy: str
    advice: Mapping[str, str]  # by result type (RFC 8460 4.3)
    unknown_advice: str


ENGLISH: Final = Words(
    headline="{domain}, {begin} to {end}: {reports} reports from {organizations}",
    summary="{messages} messages in this domain's name; {passed} were proven to be yours (DMARC pass), {failed} "
    "were not.",
    left_off="{count} further messages are in reports too long to be kept whole.",
    unproven="{count} reports are not counted: nothing proves that they are from whom they say.",
    new="NEW",
    kinds={
        "ours": "sends for you, and all of it is proven. Nothing to do.",
        "partly": "sends for you, but not all of it is proven: a second program or a forwarder behind the same "
        "address. "
        "Look which mail is not signed with your DKIM key.",
        "unaligned": "is proven, but by another name ({proven}). If you use this service, set up its DKIM for "
        "your domain; "
        "if you do not, somebody uses your name.",
        "unknown": "nothing proves this mail. If the address is yours, sign there and put it into SPF; if not, "
        "it is forged, "
        "or was forwarded and changed on the way.",
    },
    sender="{address}: {passed} proven, {failed} not. It {text}",
    more="... and {count} further addresses.",
    raise_policy="Your policy is {policy} and {share} % of the mail is proven: you can publish p={stricter}.",
    look_first="Your policy is {policy}. Before you make it stricter, see to the addresses above that are yours.",
    at_most="Your policy is reject: what is not proven is refused by those who heed it.",
    tls_headline="{domain}, {begin} to {end}: {reports} reports from {organizations}",
    tls_summary="{successes} sessions with your servers were as they should be, {failures} failed.",
    tls_fine="Nothing to do.",
    tls_failure="{count} times {kind} at {host}: {advice}",
    without_policy="Some senders found no policy (DANE or MTA-STS): they would send in clear to whoever stands "
    "between.",
    advice={
        "starttls-not-supported": "the server did not offer STARTTLS. Either another machine answers on port 25, or "
        "somebody takes the offer out on the way.",
        "certificate-host-mismatch": "the certificate does not have the name of the server. Renew it with every "
        "MX name.",
        "certificate-expired": "the certificate had expired. See why it was not renewed.",
        "certificate-not-trusted": "the certificate is not from an authority that the sender knows, or its "
        "chain is not whole.",
        "validation-failure": "TLS failed for another reason ({reason}). Look at the protocol versions on port 25.",
        "tlsa-invalid": "no TLSA record fits the certificate. Publish the record of the new certificate before "
        "it is used.",
        "dnssec-invalid": "DNSSEC of your zone does not validate. Ask who keeps the zone; mail does not come "
        "until it does.",
        "dane-required": "the sender wants TLSA records and found none.",
        "sts-policy-fetch-error": "the MTA-STS policy could not be fetched from https://mta-sts.{domain}.",
        "sts-policy-invalid": "the MTA-STS policy has a mistake.",
        "sts-webpki-invalid": "the certificate of https://mta-sts.{domain} is not right.",
    },
    unknown_advice="ask the sender what he means ({reason}).",
)

POLISH: Final = Words(
    headline="{domain}, od {begin} do {end}: raportów {reports}, od {organizations}",
    summary="Wiadomości w imieniu tej domeny: {messages}; dowiedzionych jako Twoje (DMARC pass): {passed}, "
    "niedowiedzionych: "
    "{failed}.",
    left_off="Dalsze wiadomości ({count}) są w raportach zbyt długich, by je zachować w całości.",
    unproven="Niepoliczonych raportów: {count}; nic nie dowodzi, że są od tego, kogo podają.",
    new="NOWY",
    kinds={
        "ours": "wysyła za Ciebie i wszystko jest dowiedzione. Nic do zrobienia.",
        "partly": "wysyła za Ciebie, ale nie wszystko jest dowiedzione: za tym adresem stoi drugi program albo "
        "ktoś przekazuje "
        "pocztę dalej. Zobacz, która poczta nie jest podpisana Twoim kluczem DKIM.",
        "unaligned": "jest dowiedziony, ale pod inną nazwą ({proven}). Jeśli używasz tej usługi, ustaw w niej "
        "DKIM dla swojej "
        "domeny; jeśli nie, ktoś używa Twojego imienia.",
        "unknown": "tej poczty nic nie dowodzi. Jeśli adres jest Twój, podpisuj na nim i wpisz go do SPF; jeśli "
        "nie, jest "
        "podrobiona albo ktoś ją przekazał dalej i zmienił.",
    },
    sender="{address}: dowiedzione {passed}, niedowiedzione {failed}. Ten adres: {text}",
    more="... i dalszych adresów: {count}.",
    raise_policy="Twoja polityka to {policy}, a dowiedzione jest {share} % poczty: możesz ogłosić p={stricter}.",
    look_first="Twoja polityka to {policy}. Zanim ją zaostrzysz, zajmij się tymi adresami powyżej, które są Twoje.",
    at_most="Twoja polityka to reject: kto jej słucha, odrzuca to, co niedowiedzione.",
    tls_headline="{domain}, od {begin} do {end}: raportów {reports}, od {organizations}",
    tls_summary="Sesje z Twoimi serwerami takie, jak trzeba: {successes}, nieudane: {failures}.",
    tls_fine="Nic do zrobienia.",
    tls_failure="{count} razy {kind} na {host}: {advice}",
    without_policy="Niektórzy nadawcy nie znaleźli żadnej polityki (DANE ani MTA-STS): temu, kto stanie "
    "pośrodku, wyślą pocztę "
    "otwartym tekstem.",
    advice={
        "starttls-not-supported": "serwer nie zaproponował STARTTLS. Albo na porcie 25 odpowiada inna maszyna, "
        "albo ktoś po "
        "drodze usuwa tę propozycję.",
        "certificate-host-mismatch": "w certyfikacie nie ma nazwy serwera. Odnów go ze wszystkimi nazwami z MX.",
        "certificate-expired": "certyfikat wygasł. Zobacz, dlaczego nie został odnowiony.",
        "certificate-not-trusted": "certyfikat nie jest od urzędu, który nadawca zna, albo jego łańcuch nie jest cały.",
        "validation-failure": "TLS nie udał się z innego powodu ({reason}). Sprawdź wersje protokołu na porcie 25.",
        "tlsa-invalid": "żaden rekord TLSA nie pasuje do certyfikatu. Ogłoś rekord nowego certyfikatu, zanim go "
        "użyjesz.",
        "dnssec-invalid": "DNSSEC Twojej strefy się nie zgadza. Zapytaj tego, kto ją prowadzi; do tego czasu "
        "poczta nie "
        "przychodzi.",
        "dane-required": "nadawca chce rekordów TLSA i żadnego nie znalazł.",
        "sts-policy-fetch-error": "polityki MTA-STS nie dało się pobrać z https://mta-sts.{domain}.",
        "sts-policy-invalid": "polityka MTA-STS ma błąd.",
        "sts-webpki-invalid": "certyfikat https://mta-sts.{domain} nie jest właściwy.",
    },
    unknown_advice="zapytaj nadawcę, co ma na myśli ({reason}).",
)
LANGUAGES: Final[Mapping[Language, Words]] = {"en": ENGLISH, "pl": POLISH}
_STRICTER: Final = {"none": "quarantine", "quarantine": "reject"}


def dmarc_text(found: Digest, words: Words) -> Iterator[str]:
    """Lines; what is in them may be a stranger's."""
    yield words.headline.format(
        domain=found.domain,
        begin=_day(found.begin_s),
        end=_day(found.end_s),
        reports=found.reports,
        organizations=", ".join(found.organizations),
    )
    yield words.summary.format(messages=found.passed + found.failed, passed=found.passed, failed=found.failed)
    if found.unproven:
        yield words.unproven.format(count=found.unproven)
    if found.left_off:
        yield words.left_off.format(count=found.left_off)
    for sender in found.senders[:SENDERS_SHOWN]:
        yield _sender(sender, words)
    if len(found.senders) > SENDERS_SHOWN:
        yield "  " + words.more.format(count=len(found.senders) - SENDERS_SHOWN)
    if found.reports:
        yield _policy(found, words)


def tls_text(found: TlsDigest, words: Words) -> Iterator[str]:
    """As :func:`dmarc_text`."""
    yield words.tls_headline.format(
        domain=found.domain,
        begin=_day(found.begin_s),
        end=_day(found.end_s),
        reports=found.reports,
        organizations=", ".join(found.organizations),
    )
    yield words.tls_summary.format(successes=found.successes, failures=found.failures)
    if found.unproven:
        yield words.unproven.format(count=found.unproven)
    for each in found.kinds[:FAILURES_SHOWN]:
        advice = words.advice.get(each.kind, words.unknown_advice)
        text = advice.format(domain=found.domain, reason=each.reason or "?")
        yield "  " + words.tls_failure.format(count=each.count, kind=each.kind, host=each.mx_host or "?", advice=text)
    if found.is_without_policy:
        yield words.without_policy
    elif not found.failures:
        yield words.tls_fine


def _sender(sender: Sender, words: Words) -> str:
    text = words.kinds[sender.kind].format(proven=", ".join(sender.proven))
    line = words.sender.format(address=sender.address, passed=sender.passed, failed=sender.failed, text=text)
    return f"  {words.new} {line}" if sender.is_new else f"  {line}"


def _policy(found: Digest, words: Words) -> str:
    messages = found.passed + found.failed
    stricter = _STRICTER.get(found.policy)
    if stricter is None:
        return words.at_most
    if messages >= SURE_MESSAGES and found.passed >= SURE_SHARE * messages:
        share = int(100 * found.passed / messages)
        return words.raise_policy.format(policy=found.policy, share=share, stricter=stricter)
    return words.look_first.format(policy=found.policy)


def _day(moment_s: int) -> str:
    return f"{dt.datetime.fromtimestamp(min(max(moment_s, 0), 2**35), dt.UTC):%Y-%m-%d}"
