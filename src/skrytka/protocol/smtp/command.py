"""One command line into a verb and its argument, and the arguments into events (RFC 5321 4.1.1)."""

import re
from typing import Final

import msgspec

from skrytka.model import reply as replies
from skrytka.model.address import Address, AddressError, Domain, ReversePath
from skrytka.model.envelope import BodyType, By, Hold, Recipient, Ret
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.events import MailFrom, RcptTo
from skrytka.protocol.smtp.extensions import FutureRelease
from skrytka.protocol.smtp.parameters import (
    CommandError,
    parse_envid,
    parse_identity,
    parse_notify,
    parse_orcpt,
    parse_parameters,
    required,
)
from skrytka.protocol.smtp.states import Verb
from skrytka.protocol.smtp.timing import parse_by, parse_hold_for, parse_hold_until, parse_priority

SIZE_DIGITS_MAX = 20  # RFC 1870 4
BDAT_DIGITS_MAX = 18
VERBS: Final = {
    verb.name: verb for verb in Verb if verb not in {Verb.GREETING, Verb.CHUNK, Verb.END, Verb.CHALLENGE}
}  # what a client can say
OBSOLETE: Final = frozenset({"SEND", "SOML", "SAML", "TURN"})  # RFC 5321 appendix F.1, F.6
# A browser made to speak to us: the lines after it would be commands of somebody else's choice.
FOREIGN: Final = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "CONNECT", "HOST:"})

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# "<" [source route ":"] mailbox ">" [SP parameters]; a quoted local part may hold ">" and spaces.
_HOP: Final = r"@(?:\[[^\[\]<>\" ]*\]|[^\[\]<>:,@\" ]+)"
_PATH: Final = re.compile(
    rf"<(?:(?P<route>{_HOP}(?:,{_HOP})*):)?"
    r"(?P<mailbox>(?:\"(?:[^\"\\]|\\.)*\")?[^<>\" ]*)>(?: +(?P<parameters>.*))?\Z"
)


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the arguments of this session may hold."""

    hostname: Domain
    message_bytes: int
    is_extended: bool = True  # EHLO was said: parameters are allowed (RFC 5321 4.1.1.11)
    is_dsn: bool = False
    is_auth: bool = False  # RFC 4954 5: whoever offers AUTH takes the parameter, logged in or not
    future_release: FutureRelease | None = None
    deliver_by_min_s: int | None = None
    is_priority: bool = False
    is_requiretls: bool = False  # under TLS only (RFC 8689 2)
    is_space_accepted: bool = False


class Bdat(msgspec.Struct, frozen=True):
    """RFC 3030 2."""

    octets: int
    is_last: bool


def parse_line(raw: bytes) -> tuple[Verb, str]:
    """Verb and argument; the argument has no space around it and no control characters."""
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(replies.BAD_SYNTAX) from None
    word, _, argument = line.partition(" ")
    verb = VERBS.get(word.upper())
    if verb is None:
        raise CommandError(replies.NOT_IMPLEMENTED if word.upper() in OBSOLETE else replies.UNKNOWN_COMMAND)
    if _CONTROL.search(argument):
        raise CommandError(replies.BAD_SYNTAX)  # RFC 5321 4.1.2: invalid character codes
    return verb, argument.strip(" ")  # RFC 5321 4.1.1: trailing white space is tolerated


def no_argument(argument: str) -> None:
    """For commands that have none: RFC 5321 4.3.2 has 501 for one."""
    if argument:
        raise CommandError(replies.BAD_SYNTAX)


def is_hopeless(raw: bytes) -> bool:
    """Whether nobody knows where the next command begins after a wrong line.

    Another protocol's line, or a BDAT whose size cannot be read: octets of a message may follow (RFC 3030 2).
    """
    if raw[:4].upper() == b"BDAT":
        return True
    return raw.partition(b" ")[0].upper().decode("latin-1") in FOREIGN


def parse_hello(argument: str) -> Domain:
    """The name a client gives itself: a domain or an address literal (RFC 5321 4.1.1.1)."""
    try:
        if not argument.isascii():  # RFC 6531 3.7.1: A-labels only
            raise CommandError(replies.BAD_SYNTAX)
        return Domain.parse(argument)
    except AddressError:
        raise CommandError(replies.BAD_SYNTAX) from None


def parse_bdat(argument: str) -> Bdat:
    """``BDAT size [LAST]``."""
    size, _, marker = argument.partition(" ")
    is_number = size.isascii() and size.isdigit() and len(size) <= BDAT_DIGITS_MAX
    if not is_number or marker.upper() not in {"", "LAST"}:
        raise CommandError(replies.BAD_SYNTAX)
    return Bdat(int(size), bool(marker))


def parse_mail(argument: str, rules: Rules) -> MailFrom:
    """``MAIL FROM:<reverse-path> [parameters]``."""
    path, given = _split(argument, "FROM:", rules, replies.BAD_SENDER_SYNTAX)
    parameters = _parameters(given, rules, _mail_keywords(rules), is_utf8=True)
    is_smtputf8 = "SMTPUTF8" in parameters
    if is_smtputf8 and parameters["SMTPUTF8"] is not None:  # RFC 6531 3.4: without a value
        raise CommandError(replies.BAD_SYNTAX)
    if not is_smtputf8 and not path.isascii():
        raise CommandError(replies.SMTPUTF8_NEEDED_BY_SENDER)
    if parameters.get("REQUIRETLS") is not None:  # RFC 8689 2: without a value
        raise CommandError(replies.BAD_SYNTAX)
    if "AUTH" in parameters:
        parse_identity(required(parameters["AUTH"]))
    return MailFrom(
        ReversePath(_address(path, replies.BAD_SENDER_SYNTAX) if path else None),
        body_type=_body_type(parameters),
        is_smtputf8=is_smtputf8,
        declared_bytes=_declared_bytes(parameters, rules.message_bytes),
        ret=_ret(parameters),
        envid=parse_envid(required(parameters["ENVID"])) if "ENVID" in parameters else "",
        hold=_hold(parameters, rules.future_release),
        by=_by(parameters, rules.deliver_by_min_s),
        priority=parse_priority(required(parameters["MT-PRIORITY"])) if "MT-PRIORITY" in parameters else None,
        is_tls_required="REQUIRETLS" in parameters,
    )


def parse_rcpt(argument: str, rules: Rules, *, is_smtputf8: bool) -> RcptTo:
    """``RCPT TO:<forward-path> [parameters]``."""
    path, given = _split(argument, "TO:", rules, replies.BAD_RECIPIENT_SYNTAX)
    parameters = _parameters(given, rules, ("NOTIFY", "ORCPT") if rules.is_dsn else (), is_utf8=is_smtputf8)
    if not is_smtputf8 and not path.isascii():
        raise CommandError(replies.SMTPUTF8_NEEDED)
    if path.lower() == "postmaster":  # RFC 5321 4.5.1: without a domain
        address = Address(path, rules.hostname)
    else:
        address = _address(path, replies.BAD_RECIPIENT_SYNTAX)
    notify = parse_notify(required(parameters["NOTIFY"])) if "NOTIFY" in parameters else frozenset()
    original = parse_orcpt(required(parameters["ORCPT"])) if "ORCPT" in parameters else ""
    return RcptTo(Recipient(address, notify=notify, original=original))


def _split(argument: str, keyword: str, rules: Rules, bad_path: Reply) -> tuple[str, str]:
    """The mailbox inside the angle brackets, and the text of the parameters. A source route is ignored."""
    if argument[: len(keyword)].upper() != keyword:
        raise CommandError(replies.BAD_SYNTAX)
    rest = argument[len(keyword) :]
    if rules.is_space_accepted:
        rest = rest.lstrip(" ")
    match = _PATH.match(rest)
    if match is None:
        raise CommandError(bad_path)
    if match["route"] is not None:  # RFC 5321 4.1.2, appendix F.2: accepted, ignored
        _check_route(match["route"], bad_path)
        if not match["mailbox"]:
            raise CommandError(bad_path)
    return match["mailbox"], match["parameters"] or ""


def _check_route(route: str, bad_path: Reply) -> None:
    for hop in route.split(","):
        try:
            Domain.parse(hop.removeprefix("@"))
        except AddressError:
            raise CommandError(bad_path) from None


def _address(text: str, bad_path: Reply) -> Address:
    try:
        return Address.parse(text)
    except AddressError:
        raise CommandError(bad_path) from None


def _parameters(text: str, rules: Rules, known: tuple[str, ...], *, is_utf8: bool) -> dict[str, str | None]:
    parameters = parse_parameters(text, is_utf8=is_utf8)
    for keyword in parameters:
        if keyword not in known or not rules.is_extended:
            raise CommandError(replies.PARAMETER_UNKNOWN)
    return parameters


def _mail_keywords(rules: Rules) -> tuple[str, ...]:
    offered = {
        ("RET", "ENVID"): rules.is_dsn,
        ("AUTH",): rules.is_auth,
        ("HOLDFOR", "HOLDUNTIL"): rules.future_release is not None,
        ("BY",): rules.deliver_by_min_s is not None,
        ("MT-PRIORITY",): rules.is_priority,
        ("REQUIRETLS",): rules.is_requiretls,
    }
    return (
        "SIZE",
        "BODY",
        "SMTPUTF8",
        *(name for names, is_offered in offered.items() if is_offered for name in names),
    )


def _body_type(parameters: dict[str, str | None]) -> BodyType:
    if "BODY" not in parameters:
        return BodyType.SEVEN_BIT
    try:
        return BodyType(required(parameters["BODY"]).upper())
    except ValueError:
        raise CommandError(replies.BAD_SYNTAX) from None


def _declared_bytes(parameters: dict[str, str | None], message_bytes: int) -> int:
    if "SIZE" not in parameters:
        return 0
    value = required(parameters["SIZE"])
    if not (value.isascii() and value.isdigit() and len(value) <= SIZE_DIGITS_MAX):
        raise CommandError(replies.BAD_SYNTAX)
    if int(value) > message_bytes:
        raise CommandError(replies.TOO_LARGE)  # RFC 1870 6.1
    return int(value)


def _ret(parameters: dict[str, str | None]) -> Ret | None:
    if "RET" not in parameters:
        return None
    try:
        return Ret(required(parameters["RET"]).upper())
    except ValueError:
        raise CommandError(replies.BAD_SYNTAX) from None


def _hold(parameters: dict[str, str | None], offered: FutureRelease | None) -> Hold | None:
    """RFC 4865 4.2: one of the two, within what was offered; the session knows whether the time has passed."""
    given = [name for name in ("HOLDFOR", "HOLDUNTIL") if name in parameters]
    if not given or offered is None:
        return None
    if len(given) > 1:
        raise CommandError(replies.BAD_SYNTAX)
    value = required(parameters[given[0]])
    hold = parse_hold_for(value) if given[0] == "HOLDFOR" else parse_hold_until(value)
    if hold.for_s > offered.max_s or hold.until_ms > offered.until_ms:
        raise CommandError(replies.BAD_SYNTAX)
    return hold


def _by(parameters: dict[str, str | None], min_s: int | None) -> By | None:
    if "BY" not in parameters or min_s is None:
        return None
    return parse_by(required(parameters["BY"]), min_s)
