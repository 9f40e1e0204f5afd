"""What is said of a record that is not right: what that means, and what to do; by language.

Texts know ``{name}``, ``{wanted}`` (the record as a zone file has it) and ``{detail}``.
"""

from typing import Final, Literal

import msgspec

from skrytka.protocol.published.finding import Problem, State

Language = Literal["en", "pl"]


class Said(msgspec.Struct, frozen=True):
    """What is the matter, and what to do about it."""

    what: str
    do: str


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """All words of a language."""

    states: dict[State, str]
    optional: str
    columns: tuple[str, str, str, str]
    problems: dict[Problem, Said]


PUBLISH_EN: Final = "publish {wanted}"
REPLACE_EN: Final = "replace it by {wanted}"

ENGLISH: Final = Words(
    states={
        State.RIGHT: "right",
        State.WARNING: "warning",
        State.MISSING: "missing",
        State.WRONG: "wrong",
        State.UNKNOWN: "unknown",
    },
    optional="optional",
    columns=("state", "name", "type", "what is there, and what to do"),
    problems={
        Problem.NO_ANSWER: Said(
            "DNS gave no answer", "try again; if it stays so, look at the resolver of this machine"
        ),
        Problem.ABSENT: Said("it is not there", PUBLISH_EN),
        Problem.NO_DOMAIN: Said(
            "the domain does not exist in DNS", "register it, or have it delegated to your name servers"
        ),
        Problem.SEVERAL: Said("there are several, and only one may be there", "leave one, such as {wanted}"),
        Problem.NOT_SIGNED: Said(
            "it is not seen as signed (DNSSEC)",
            "sign the zone, or let a resolver on this machine validate: without it nobody uses the TLSA records",
        ),
        Problem.NULL_MX: Said("a null MX says that the domain takes no mail", "remove it and publish {wanted}"),
        Problem.MX_ELSEWHERE: Said(
            "mail goes to other servers", "publish {wanted}; remove the others when mail is to come here"
        ),
        Problem.MX_OTHERS: Said(
            "mail goes to {detail} too", "nothing if that is yours and keeps mail for this server; otherwise remove it"
        ),
        Problem.ALIAS: Said(
            "the server's name is an alias of {detail}, which an MX must not lead to",
            "give the name addresses of its own",
        ),
        Problem.NO_ADDRESS: Said("the server's name has no address", "publish A and AAAA records for {name}"),
        Problem.ADDRESS_ELSEWHERE: Said("the name leads to another address", REPLACE_EN),
        Problem.SPF_BROKEN: Said("the policy cannot be evaluated ({detail})", REPLACE_EN),
        Problem.SPF_NOT_US: Said(
            "the policy does not allow {detail}, from which this server sends", "add it, or {wanted} instead"
        ),
        Problem.SPF_OPEN: Said(
            "the policy lets everybody send in the name of the domain", "let it end with -all, such as {wanted}"
        ),
        Problem.SPF_WEAK: Said("the policy forbids nobody anything", "let it end with -all, such as {wanted}"),
        Problem.KEY_UNREADABLE: Said("it is no key that anybody can use", REPLACE_EN),
        Problem.KEY_OTHER: Said("it is another key: what this server signs is not believed", REPLACE_EN),
        Problem.KEY_REVOKED: Said("the key is marked as given up, and this server signs with it", REPLACE_EN),
        Problem.KEY_NOT_REVOKED: Said("this server has given up the key, and it is still believed", REPLACE_EN),
        Problem.KEY_TESTING: Said("t=y says that the domain only tests", "remove t=y when mail is signed as it should"),
        Problem.DMARC_UNREADABLE: Said("it says nothing that others can read", REPLACE_EN),
        Problem.DMARC_NONE: Said(
            "p=none asks for nothing: forged mail is delivered",
            "when the reports show that your own mail passes, publish {wanted}",
        ),
        Problem.DMARC_TESTING: Said(
            "with t=y the policy asks for nothing", "remove t=y when the reports show that your own mail passes"
        ),
        Problem.DMARC_SUBDOMAINS: Said(
            "mail from names below the domain may be forged (sp or np is none)",
            "remove sp and np, or make them stricter",
        ),
        Problem.DMARC_NO_REPORTS: Said("nobody gets reports", "add rua, as in {wanted}"),
        Problem.DMARC_REPORTS_REFUSED: Said(
            "reports go to {detail}, which has not said that it takes them",
            "let {detail} publish that (RFC 9990), or choose another address for rua",
        ),
        Problem.DMARC_OLD_TAGS: Said("{detail} means nothing any more (RFC 9989)", "remove {detail}"),
        Problem.TLSA_OTHER: Said(
            "none fits a certificate of this server: who looks at DANE delivers nothing", "publish {wanted} at once"
        ),
        Problem.TLSA_NEXT_MISSING: Said(
            "the record of the next certificate is not there", "publish {wanted} beside the others before it is used"
        ),
        Problem.TLSA_NOT_SIGNED: Said(
            "it is right and not seen as signed (DNSSEC), so nobody may use it",
            "sign the zone, or let a resolver on this machine validate",
        ),
        Problem.STS_UNREADABLE: Said("it is no record that others can read", REPLACE_EN),
        Problem.STS_OTHER_ID: Said("it announces another policy than the one that is served", REPLACE_EN),
        Problem.REPORTS_UNREADABLE: Said("it names no address for reports", REPLACE_EN),
        Problem.CAA_FORBIDS: Said(
            "the records of {detail} forbid the authority of this server to issue certificates", PUBLISH_EN
        ),
        Problem.CAA_OPEN: Said("the records of {detail} let every authority issue", PUBLISH_EN),
        Problem.SERVICE_ELSEWHERE: Said("mail programs are led elsewhere", REPLACE_EN),
        Problem.HOST_ELSEWHERE: Said("the name leads elsewhere", REPLACE_EN),
        Problem.REVERSE_ELSEWHERE: Said(
            "{detail} has a name that does not lead back to it: many servers refuse its mail",
            "let whoever gave you the address publish {wanted}",
        ),
        Problem.REVERSE_OTHER_NAME: Said(
            "the address is called {detail}, and the server calls itself otherwise",
            "let whoever gave you the address publish {wanted}",
        ),
        Problem.REVERSE_SEVERAL: Said("the address has several names", "leave {wanted} alone there"),
        Problem.SERVER_ALONE: Said(
            "one name server alone answers for the zone: without it nobody finds the domain",
            "add a second one elsewhere",
        ),
        Problem.SERVER_LAME: Said(
            "{detail} is named as a name server and does not answer for the zone",
            "let it serve the zone, or take it out of the NS records",
        ),
        Problem.SERVER_SILENT: Said(
            "{detail} gives this machine no answer (by TCP)", "see whether it is up; others ask it too"
        ),
        Problem.SERVERS_BEHIND: Said(
            "the name servers have other serial numbers",
            "nothing if you have just changed something; else look at transfers",
        ),
        Problem.SERVERS_DIFFER: Said(
            "{detail} give other MX or TXT records: who asks the wrong one is led astray",
            "let all of them have the same zone",
        ),
        Problem.SIGNATURE_ENDING: Said(
            "a signature at {detail} holds for less than three days: then the domain is gone for many",
            "see why the zone is not signed anew, now",
        ),
        Problem.SIGNATURE_EXPIRED: Said(
            "a signature at {detail} has expired: for whoever validates the domain is gone",
            "sign the zone anew at once",
        ),
        Problem.SIGNATURE_WEAK: Said(
            "the zone is signed with algorithm {detail}, which proves nothing any more (RFC 8624)",
            "change to ECDSAP256SHA256 (13) or Ed25519 (15)",
        ),
        Problem.DENIAL_BROKEN: Said(
            "the question for {detail} is answered by nobody, though the name of the server is signed: who looks at"
            " DANE delivers nothing",
            "let the name servers prove what is not there (NSEC, NSEC3), or mend what filters the question",
        ),
        Problem.DENIAL_UNPROVEN: Said(
            "that {detail} is not there is not proven", "let the name servers prove what is not there (NSEC, NSEC3)"
        ),
        Problem.TLSA_SCHEME: Said(
            "one key alone is named: when it changes, nothing else proves the server for a while",
            "publish the next key beside it (3 1 1), or its authority (2 1 1)",
        ),
        Problem.POLICY_UNREACHABLE: Said(
            "this machine cannot fetch the policy ({detail})",
            "look from elsewhere; strangers need port 443 of that name",
        ),
        Problem.POLICY_UNTRUSTED: Said(
            "the policy's host has no certificate that strangers trust ({detail}): there is no policy for them",
            "let `skrytka cert renew` order one for that name",
        ),
        Problem.POLICY_BROKEN: Said("what is there is no policy ({detail})", "let this server serve it on port 443"),
        Problem.POLICY_NONE: Said("the policy asks for nothing (mode: none)", 'set mta_sts.mode = "enforce"'),
        Problem.POLICY_TESTING: Said(
            "the policy is only tried (mode: testing)",
            'when TLS reports show no failures, set mta_sts.mode = "enforce"',
        ),
        Problem.POLICY_SHORT: Said("the policy holds for less than a week", "set mta_sts.max_age_s to 604800 or more"),
        Problem.POLICY_NOT_MX: Said(
            "the policy does not name {detail}, to which MX records lead: mail that looks at it does not go there",
            "name it in mta_sts.mx, or take it out of the MX records",
        ),
        Problem.LISTED: Said(
            "{detail} lists it: servers that ask there refuse its mail",
            "find out why on the page of {detail}, mend that, then ask to be taken off",
        ),
        Problem.LIST_REFUSES: Said(
            "{detail} does not answer this resolver", "use a resolver of your own, or a key of that list"
        ),
        Problem.LIST_DEAD: Said("{detail} answers as no list does", "take it out of dns.block_lists"),
    },
)

_PUBLISH_PL: Final = "opublikuj {wanted}"
_REPLACE_PL: Final = "zastąp go przez {wanted}"

POLISH: Final = Words(
    states={
        State.RIGHT: "dobrze",
        State.WARNING: "uwaga",
        State.MISSING: "brak",
        State.WRONG: "źle",
        State.UNKNOWN: "nie wiadomo",
    },
    optional="nieobowiązkowy",
    columns=("stan", "nazwa", "typ", "co tam jest i co zrobić"),
    problems={
        Problem.NO_ANSWER: Said(
            "DNS nie odpowiedział", "spróbuj ponownie; jeśli tak zostanie, obejrzyj resolver tej maszyny"
        ),
        Problem.ABSENT: Said("nie ma go", _PUBLISH_PL),
        Problem.NO_DOMAIN: Said("domeny nie ma w DNS", "zarejestruj ją albo zleć jej delegację na swoje serwery nazw"),
        Problem.SEVERAL: Said("jest ich kilka, a może być tylko jeden", "zostaw jeden, na przykład {wanted}"),
        Problem.NOT_SIGNED: Said(
            "nie widać podpisu (DNSSEC)",
            "podpisz strefę albo uruchom tu resolver, który sprawdza podpisy: bez tego nikt nie użyje TLSA",
        ),
        Problem.NULL_MX: Said("pusty MX mówi, że domena nie przyjmuje poczty", "usuń go i opublikuj {wanted}"),
        Problem.MX_ELSEWHERE: Said(
            "poczta idzie do innych serwerów", "opublikuj {wanted}; usuń pozostałe, gdy poczta ma przychodzić tutaj"
        ),
        Problem.MX_OTHERS: Said(
            "poczta idzie też do {detail}",
            "nic, jeśli to Twój serwer i przechowuje pocztę dla tego; w przeciwnym razie usuń go",
        ),
        Problem.ALIAS: Said(
            "nazwa serwera jest aliasem {detail}, a na alias MX wskazywać nie może", "daj tej nazwie własne adresy"
        ),
        Problem.NO_ADDRESS: Said("nazwa serwera nie ma adresu", "opublikuj rekordy A i AAAA dla {name}"),
        Problem.ADDRESS_ELSEWHERE: Said("nazwa prowadzi do innego adresu", _REPLACE_PL),
        Problem.SPF_BROKEN: Said("tej polityki nie da się obliczyć ({detail})", _REPLACE_PL),
        Problem.SPF_NOT_US: Said(
            "polityka nie pozwala na {detail}, skąd ten serwer wysyła", "dodaj go albo użyj {wanted}"
        ),
        Problem.SPF_OPEN: Said(
            "polityka pozwala każdemu wysyłać w imieniu domeny", "niech kończy się na -all, na przykład {wanted}"
        ),
        Problem.SPF_WEAK: Said(
            "polityka niczego nikomu nie zabrania", "niech kończy się na -all, na przykład {wanted}"
        ),
        Problem.KEY_UNREADABLE: Said("to nie jest klucz, którego da się użyć", _REPLACE_PL),
        Problem.KEY_OTHER: Said("to inny klucz: podpisom tego serwera nikt nie uwierzy", _REPLACE_PL),
        Problem.KEY_REVOKED: Said("klucz jest oznaczony jako wycofany, a ten serwer nim podpisuje", _REPLACE_PL),
        Problem.KEY_NOT_REVOKED: Said("ten serwer wycofał klucz, a inni nadal mu wierzą", _REPLACE_PL),
        Problem.KEY_TESTING: Said(
            "t=y mówi, że domena tylko próbuje", "usuń t=y, gdy poczta jest podpisywana jak należy"
        ),
        Problem.DMARC_UNREADABLE: Said("nie mówi niczego, co inni umieją odczytać", _REPLACE_PL),
        Problem.DMARC_NONE: Said(
            "p=none o nic nie prosi: podrobiona poczta jest doręczana",
            "gdy raporty pokażą, że Twoja poczta przechodzi, opublikuj {wanted}",
        ),
        Problem.DMARC_TESTING: Said(
            "z t=y polityka o nic nie prosi", "usuń t=y, gdy raporty pokażą, że Twoja poczta przechodzi"
        ),
        Problem.DMARC_SUBDOMAINS: Said(
            "pocztę z nazw poniżej domeny wolno podrabiać (sp albo np to none)", "usuń sp i np albo je zaostrz"
        ),
        Problem.DMARC_NO_REPORTS: Said("nikt nie dostaje raportów", "dodaj rua, jak w {wanted}"),
        Problem.DMARC_REPORTS_REFUSED: Said(
            "raporty idą do {detail}, która nie ogłosiła, że je przyjmuje",
            "niech {detail} to ogłosi (RFC 9990) albo wybierz inny adres w rua",
        ),
        Problem.DMARC_OLD_TAGS: Said("{detail} nic już nie znaczy (RFC 9989)", "usuń {detail}"),
        Problem.TLSA_OTHER: Said(
            "żaden nie pasuje do certyfikatu tego serwera: kto patrzy na DANE, niczego nie doręczy",
            "natychmiast opublikuj {wanted}",
        ),
        Problem.TLSA_NEXT_MISSING: Said(
            "nie ma rekordu następnego certyfikatu", "opublikuj {wanted} obok innych, zanim wejdzie on w użycie"
        ),
        Problem.TLSA_NOT_SIGNED: Said(
            "jest dobry, ale nie widać podpisu (DNSSEC), więc nikomu nie wolno go użyć",
            "podpisz strefę albo uruchom na tej maszynie resolver, który sprawdza podpisy",
        ),
        Problem.STS_UNREADABLE: Said("nie jest rekordem, który inni umieją odczytać", _REPLACE_PL),
        Problem.STS_OTHER_ID: Said("ogłasza inną politykę niż ta, którą podajemy", _REPLACE_PL),
        Problem.REPORTS_UNREADABLE: Said("nie wymienia adresu dla raportów", _REPLACE_PL),
        Problem.CAA_FORBIDS: Said(
            "rekordy {detail} zabraniają urzędowi tego serwera wystawiać certyfikaty", _PUBLISH_PL
        ),
        Problem.CAA_OPEN: Said("rekordy {detail} pozwalają wystawiać każdemu urzędowi", _PUBLISH_PL),
        Problem.SERVICE_ELSEWHERE: Said("prowadzi programy pocztowe gdzie indziej", _REPLACE_PL),
        Problem.HOST_ELSEWHERE: Said("nazwa prowadzi gdzie indziej", _REPLACE_PL),
        Problem.REVERSE_ELSEWHERE: Said(
            "{detail} ma nazwę, która do niego nie wraca: wiele serwerów odrzuca jego pocztę",
            "niech ten, kto dał Ci adres, opublikuje {wanted}",
        ),
        Problem.REVERSE_OTHER_NAME: Said(
            "adres nazywa się {detail}, a serwer przedstawia się inaczej",
            "niech ten, kto dał Ci adres, opublikuje {wanted}",
        ),
        Problem.REVERSE_SEVERAL: Said("adres ma kilka nazw", "zostaw tam tylko {wanted}"),
        Problem.SERVER_ALONE: Said(
            "za strefę odpowiada jeden serwer nazw: bez niego nikt nie znajdzie domeny", "dodaj drugi, gdzie indziej"
        ),
        Problem.SERVER_LAME: Said(
            "{detail} jest wymieniony jako serwer nazw, a nie odpowiada za strefę",
            "niech obsługuje strefę albo usuń go z rekordów NS",
        ),
        Problem.SERVER_SILENT: Said(
            "{detail} nie odpowiada tej maszynie (po TCP)", "sprawdź, czy działa; inni też go pytają"
        ),
        Problem.SERVERS_BEHIND: Said(
            "serwery nazw mają różne numery seryjne",
            "nic, jeśli właśnie coś zmieniono; inaczej obejrzyj transfery stref",
        ),
        Problem.SERVERS_DIFFER: Said(
            "{detail} podają różne rekordy MX albo TXT: kto spyta niewłaściwy, trafi gdzie indziej",
            "niech wszystkie mają tę samą strefę",
        ),
        Problem.SIGNATURE_ENDING: Said(
            "podpis na {detail} jest ważny krócej niż trzy dni: potem domena zniknie dla wielu",
            "sprawdź teraz, dlaczego strefa nie jest podpisywana na nowo",
        ),
        Problem.SIGNATURE_EXPIRED: Said(
            "podpis na {detail} wygasł: kto sprawdza podpisy, nie widzi domeny", "natychmiast podpisz strefę na nowo"
        ),
        Problem.SIGNATURE_WEAK: Said(
            "strefa jest podpisana algorytmem {detail}, który niczego już nie dowodzi (RFC 8624)",
            "przejdź na ECDSAP256SHA256 (13) albo Ed25519 (15)",
        ),
        Problem.DENIAL_BROKEN: Said(
            "na pytanie o {detail} nikt nie odpowiada, choć nazwa serwera jest podpisana: kto patrzy na DANE,"
            " niczego nie doręczy",
            "niech serwery nazw dowodzą, czego nie ma (NSEC, NSEC3), albo usuń to, co blokuje to pytanie",
        ),
        Problem.DENIAL_UNPROVEN: Said(
            "nie ma dowodu, że nie ma {detail}", "niech serwery nazw dowodzą, czego nie ma (NSEC, NSEC3)"
        ),
        Problem.TLSA_SCHEME: Said(
            "wymieniony jest tylko jeden klucz: gdy się zmieni, przez jakiś czas nic nie dowodzi tożsamości serwera",
            "opublikuj obok następny klucz (3 1 1) albo jego urząd (2 1 1)",
        ),
        Problem.POLICY_UNREACHABLE: Said(
            "ta maszyna nie może pobrać polityki ({detail})", "sprawdź z zewnątrz; obcy potrzebują portu 443 tej nazwy"
        ),
        Problem.POLICY_UNTRUSTED: Said(
            "serwer polityki nie ma certyfikatu, któremu obcy ufają ({detail}): polityki dla nich nie ma",
            "niech `skrytka cert renew` zamówi certyfikat dla tej nazwy",
        ),
        Problem.POLICY_BROKEN: Said(
            "to, co tam jest, nie jest polityką ({detail})", "niech podaje ją ten serwer, port 443"
        ),
        Problem.POLICY_NONE: Said("polityka o nic nie prosi (mode: none)", 'ustaw mta_sts.mode = "enforce"'),
        Problem.POLICY_TESTING: Said(
            "polityka jest tylko próbna (mode: testing)",
            'gdy raporty TLS nie pokazują błędów, ustaw mta_sts.mode = "enforce"',
        ),
        Problem.POLICY_SHORT: Said(
            "polityka obowiązuje krócej niż tydzień", "ustaw mta_sts.max_age_s na co najmniej 604800"
        ),
        Problem.POLICY_NOT_MX: Said(
            "polityka nie wymienia {detail}, a tam prowadzą rekordy MX: poczta, która na nią patrzy, tam nie pójdzie",
            "wymień go w mta_sts.mx albo usuń z rekordów MX",
        ),
        Problem.LISTED: Said(
            "jest na liście {detail}: serwery, które ją pytają, odrzucają stąd pocztę",
            "na stronie {detail} dowiedz się dlaczego, napraw to i poproś o usunięcie",
        ),
        Problem.LIST_REFUSES: Said(
            "{detail} nie odpowiada temu resolverowi", "użyj własnego resolvera albo klucza tej listy"
        ),
        Problem.LIST_DEAD: Said("{detail} odpowiada tak, jak żadna lista nie odpowiada", "usuń ją z dns.block_lists"),
    },
)

LANGUAGES: Final[dict[Language, Words]] = {"en": ENGLISH, "pl": POLISH}


def said_of(problem: Problem, words: Words, *, name: str, wanted: str, detail: str) -> Said:
    """The two sentences; ``wanted`` is the record as a zone file has it, with its type before it."""
    values = {"name": name, "wanted": wanted, "detail": detail}
    said = words.problems[problem]
    return Said(said.what.format_map(values), said.do.format_map(values))
