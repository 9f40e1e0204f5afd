import pytest

from skrytka.model import reply as replies
from skrytka.model.address import Address, Domain
from skrytka.model.envelope import BodyType, By, Hold, Notify, Ret
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.command import (
    Bdat,
    Rules,
    is_hopeless,
    no_argument,
    parse_bdat,
    parse_hello,
    parse_line,
    parse_mail,
    parse_rcpt,
)
from skrytka.protocol.smtp.extensions import FutureRelease
from skrytka.protocol.smtp.parameters import CommandError
from skrytka.protocol.smtp.states import Verb

RULES = Rules(hostname=Domain.parse("mx.example.test"), message_bytes=1000, is_dsn=True)
STRICT = Rules(hostname=Domain.parse("mx.example.test"), message_bytes=1000)
HELO = Rules(hostname=Domain.parse("mx.example.test"), message_bytes=1000, is_extended=False)
LENIENT = Rules(hostname=Domain.parse("mx.example.test"), message_bytes=1000, is_space_accepted=True)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"noop", (Verb.NOOP, "")),
        (b"EHLO  a.example ", (Verb.EHLO, "a.example")),
        (b"MAIL FROM:<a@b>", (Verb.MAIL, "FROM:<a@b>")),
        ("VRFY Łukasz".encode(), (Verb.VRFY, "Łukasz")),
    ],
)
def test_a_line_is_a_verb_and_an_argument(raw: bytes, expected: tuple[Verb, str]) -> None:
    assert parse_line(raw) == expected


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        (b"", replies.UNKNOWN_COMMAND),
        (b" NOOP", replies.UNKNOWN_COMMAND),
        (b"XCLIENT a", replies.UNKNOWN_COMMAND),
        (b"GREETING", replies.UNKNOWN_COMMAND),
        (b"END", replies.UNKNOWN_COMMAND),
        (b"CHUNK", replies.UNKNOWN_COMMAND),
        ("NOOPŁ".encode(), replies.UNKNOWN_COMMAND),
        (b"MAIL\tFROM:<a@b>", replies.UNKNOWN_COMMAND),
        (b"TURN", replies.NOT_IMPLEMENTED),
        (b"MAIL FROM:<a\x00@b>", replies.BAD_SYNTAX),
        (b"EHLO a\tb", replies.BAD_SYNTAX),
        (b"EHLO \xff", replies.BAD_SYNTAX),
    ],
)
def test_a_line_that_is_no_command_has_its_reply(raw: bytes, reply: Reply) -> None:
    with pytest.raises(CommandError) as caught:
        parse_line(raw)
    assert caught.value.reply == reply


def test_a_line_after_which_nothing_can_be_trusted_is_known_by_its_first_word() -> None:
    assert is_hopeless(b"POST / HTTP/1.1")
    assert is_hopeless(b"host: mx.example.test:25")
    assert is_hopeless(b"bdat\t6 LAST")
    assert not is_hopeless(b"\xff\xfe")
    assert not is_hopeless(b"RSET")


@pytest.mark.parametrize(
    "name", ["a.example", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]", "HOST_1.example", "xn--zalew-1ta.example"]
)
def test_hello_takes_domains_and_literals(name: str) -> None:
    assert parse_hello(name).name.lower() == name.lower()


@pytest.mark.parametrize("name", ["", "a b", "a..b", "[192.0.2.256]", "[192.0.2.1", "-a", "żółw.example", "a<b>", "a."])
def test_hello_refuses_what_is_no_domain(name: str) -> None:
    with pytest.raises(CommandError):
        parse_hello(name)


def test_bdat_has_a_size_and_perhaps_last() -> None:
    assert parse_bdat("0") == Bdat(0, is_last=False)
    assert parse_bdat("10 last") == Bdat(10, is_last=True)


@pytest.mark.parametrize("text", ["", "LAST", "-1", "+1", "1 FIRST", "1 LAST x", "1.5", "0x10", "²", "1" * 19])
def test_bdat_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(CommandError):
        parse_bdat(text)


@pytest.mark.parametrize(
    ("argument", "address"),
    [
        ("FROM:<a@b.example>", "a@b.example"),
        ("from:<A.b+c@B.EXAMPLE>", "A.b+c@b.example"),
        ("FROM:<>", ""),
        ('FROM:<"a b"@c.example>', '"a b"@c.example'),
        ('FROM:<"a>b"@c.example>', '"a>b"@c.example'),
        ('FROM:<"a\\"b\\\\"@c.example>', '"a\\"b\\\\"@c.example'),
        ('FROM:<"ab"@c.example>', "ab@c.example"),
        ("FROM:<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("FROM:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("FROM:<@relay.example:a@b.example>", "a@b.example"),
        ("FROM:<@r1.example,@[192.0.2.1],@[IPv6:::1]:a@b.example>", "a@b.example"),
        ("FROM:<a@zalew-xn.example>", "a@zalew-xn.example"),
    ],
)
def test_mail_takes_reverse_paths(argument: str, address: str) -> None:
    assert str(parse_mail(argument, RULES).reverse_path) == address


BAD_PATHS = [
    "a@b.example",
    "<a@b.example",
    "a@b.example>",
    "<<a@b.example>>",
    "<a b@c.example>",
    "<a@b.example>SIZE=1",
    "<a@b@c.example>",
    "<@b.example>",
    "<a@>",
    "<a>",
    "< >",
    "<a..b@c.example>",
    "<.a@c.example>",
    "<a@-b.example>",
    "<a@b..example>",
    "<a@[192.0.2.999]>",
    '<"a@b.example>',
    '<"a"b@c.example>',
    "<" + "a" * 250 + "@b.example>",
    "<a@" + "b." * 126 + "bb>",
    "<@:a@b.example>",
    "<@b..c:a@b.example>",
    "<@b.example:>",
    "<@b.example:@c.example:a@d.example>",
    "<a@b.example,c@d.example>",
    " <a@b.example>",
    "",
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_bad_path_is_refused_on_both_sides(path: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_mail("FROM:" + path, RULES)
    assert caught.value.reply == replies.BAD_SENDER_SYNTAX
    with pytest.raises(CommandError) as caught:
        parse_rcpt("TO:" + path, RULES, is_smtputf8=False)
    assert caught.value.reply == replies.BAD_RECIPIENT_SYNTAX


@pytest.mark.parametrize(
    "argument", ["", "<a@b.example>", "FROM <a@b.example>", "FROM :<a@b.example>", "TO:<a@b.example>"]
)
def test_mail_says_from(argument: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_mail(argument, RULES)
    assert caught.value.reply == replies.BAD_SYNTAX


def test_a_space_after_the_colon_is_a_leniency() -> None:
    assert parse_mail("FROM: <a@b.example>", LENIENT).reverse_path.address == Address.parse("a@b.example")
    with pytest.raises(CommandError):
        parse_mail("FROM: <a@b.example>", STRICT)


def test_mail_keeps_its_parameters() -> None:
    mail = parse_mail("FROM:<a@b.example> SIZE=99 BODY=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+2B1", RULES)
    assert mail.declared_bytes == 99
    assert mail.body_type is BodyType.EIGHT_BIT
    assert mail.is_smtputf8
    assert mail.ret is Ret.HEADERS
    assert mail.envid == "QQ+1"


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        ("SIZE=1000", None),
        ("SIZE=1001", replies.TOO_LARGE),
        ("SIZE=99999999999999999999", replies.TOO_LARGE),
        ("SIZE=999999999999999999999", replies.BAD_SYNTAX),
        ("SIZE=-1", replies.BAD_SYNTAX),
        ("SIZE=²", replies.BAD_SYNTAX),
        ("SIZE", replies.BAD_SYNTAX),
        ("SIZE=1 SIZE=1", replies.BAD_SYNTAX),
        ("BODY=9BIT", replies.BAD_SYNTAX),
        ("BODY", replies.BAD_SYNTAX),
        ("SMTPUTF8=yes", replies.BAD_SYNTAX),
        ("RET=ALL", replies.BAD_SYNTAX),
        ("ENVID", replies.BAD_SYNTAX),
        ("NOTIFY=NEVER", replies.PARAMETER_UNKNOWN),
        ("AUTH=<>", replies.PARAMETER_UNKNOWN),
        ("XSOMETHING", replies.PARAMETER_UNKNOWN),
    ],
)
def test_each_mail_parameter_is_checked(parameters: str, reply: Reply | None) -> None:
    try:
        parse_mail("FROM:<a@b.example> " + parameters, RULES)
    except CommandError as error:
        assert error.reply == reply  # noqa: PT017 - a row may also be accepted
    else:
        assert reply is None


@pytest.mark.parametrize(("value", "reply"), [("<>", None), ("a+2Bb@c.example", None), ("alice", replies.BAD_SYNTAX)])
def test_auth_is_a_parameter_where_auth_is_offered(value: str, reply: Reply | None) -> None:
    rules = Rules(hostname=Domain.parse("mx.example.test"), message_bytes=1000, is_auth=True)
    try:
        parse_mail(f"FROM:<a@b.example> AUTH={value}", rules)
    except CommandError as error:
        assert error.reply == reply  # noqa: PT017 - a row may also be accepted
    else:
        assert reply is None


LATER = Rules(
    hostname=Domain.parse("mx.example.test"),
    message_bytes=1000,
    future_release=FutureRelease(3600, 1_798_761_600_000),
    deliver_by_min_s=60,
    is_priority=True,
)


def test_mail_keeps_when_it_is_to_go_and_how_soon() -> None:
    mail = parse_mail("FROM:<a@b.example> HOLDFOR=60 BY=120;RT MT-PRIORITY=-3", LATER)
    assert (mail.hold, mail.by, mail.priority) == (Hold("for;60", 60), By(120, True, True), -3)
    until = parse_mail("FROM:<a@b.example> holduntil=2027-01-01T00:00:00Z", LATER)
    assert until.hold == Hold("until;2027-01-01T00:00:00Z", until_ms=1_798_761_600_000)
    assert (until.by, until.priority) == (None, None)


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        ("HOLDFOR=3600", None),
        ("HOLDFOR=3601", replies.BAD_SYNTAX),
        ("HOLDFOR", replies.BAD_SYNTAX),
        ("HOLDUNTIL=2027-01-01T00:00:01Z", replies.BAD_SYNTAX),
        ("HOLDUNTIL=2027-01-01T00:00:00.1Z", replies.BAD_SYNTAX),
        ("HOLDUNTIL", replies.BAD_SYNTAX),
        ("HOLDFOR=60 HOLDUNTIL=2027-01-01T00:00:00Z", replies.BAD_SYNTAX),
        ("HOLDFOR=60 HOLDFOR=60", replies.BAD_SYNTAX),
        ("BY=60;R", None),
        ("BY=59;N", None),
        ("BY", replies.BAD_SYNTAX),
        ("BY=60;R BY=60;R", replies.BAD_SYNTAX),
        ("MT-PRIORITY=9", None),
        ("MT-PRIORITY", replies.BAD_SYNTAX),
        ("MT-PRIORITY=10", replies.BAD_PRIORITY),
        ("MT-PRIORITY=1 MT-PRIORITY=1", replies.BAD_SYNTAX),
    ],
)
def test_each_of_them_is_checked_where_it_is_offered_and_unknown_elsewhere(
    parameters: str, reply: Reply | None
) -> None:
    for rules, expected in ((LATER, reply), (STRICT, replies.PARAMETER_UNKNOWN)):
        if expected is None:
            parse_mail("FROM:<a@b.example> " + parameters, rules)
            continue
        with pytest.raises(CommandError) as caught:
            parse_mail("FROM:<a@b.example> " + parameters, rules)
        if " " not in parameters or rules is LATER:
            assert caught.value.reply == expected


def test_parameters_need_ehlo() -> None:
    assert parse_mail("FROM:<a@b.example>", HELO).declared_bytes == 0
    with pytest.raises(CommandError) as caught:
        parse_mail("FROM:<a@b.example> SIZE=1", HELO)
    assert caught.value.reply == replies.PARAMETER_UNKNOWN


@pytest.mark.parametrize("parameters", ["NOTIFY=NEVER", "ORCPT=rfc822;a@b.example"])
def test_dsn_parameters_are_unknown_while_dsn_is_not_offered(parameters: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_rcpt("TO:<a@b.example> " + parameters, STRICT, is_smtputf8=False)
    assert caught.value.reply == replies.PARAMETER_UNKNOWN


def test_rcpt_keeps_its_parameters() -> None:
    argument = "TO:<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old+2Bname@c.example"
    recipient = parse_rcpt(argument, RULES, is_smtputf8=False).recipient
    assert recipient.notify == {Notify.SUCCESS, Notify.DELAY}
    assert recipient.original == "rfc822;old+name@c.example"


@pytest.mark.parametrize("name", ["postmaster", "Postmaster", "POSTMASTER"])
def test_postmaster_needs_no_domain(name: str) -> None:
    recipient = parse_rcpt(f"TO:<{name}>", RULES, is_smtputf8=False).recipient
    assert recipient.address.key == "postmaster@mx.example.test"


@pytest.mark.parametrize("path", ["<>", "<abuse>"])
def test_a_recipient_has_an_address(path: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_rcpt("TO:" + path, RULES, is_smtputf8=False)
    assert caught.value.reply == replies.BAD_RECIPIENT_SYNTAX


def test_utf8_addresses_need_smtputf8() -> None:
    path = "<łukasz@żółw.example>"
    assert parse_mail(f"FROM:{path} SMTPUTF8", RULES).reverse_path.address == Address.parse("łukasz@żółw.example")
    assert parse_rcpt(f"TO:{path}", RULES, is_smtputf8=True).recipient.address.domain.name.startswith("xn--")
    with pytest.raises(CommandError) as caught:
        parse_mail(f"FROM:{path}", RULES)
    assert caught.value.reply == replies.SMTPUTF8_NEEDED_BY_SENDER
    with pytest.raises(CommandError) as caught:
        parse_rcpt(f"TO:{path}", RULES, is_smtputf8=False)
    assert caught.value.reply == replies.SMTPUTF8_NEEDED


def test_an_argument_where_there_is_none_is_501() -> None:
    no_argument("")
    with pytest.raises(CommandError) as caught:
        no_argument("now")
    assert caught.value.reply == replies.BAD_SYNTAX
