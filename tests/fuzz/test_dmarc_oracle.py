"""DMARC records beside checkdmarc (RFC 9989): on records made by chance both read the same.

Where it refuses what we read on, for RFC 9989 4.8 has mistakes left out, ``ACCEPTED`` says so: whoever checks his own
record wants to hear of a mistake, a receiver goes on.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import checkdmarc.dmarc as oracle
import pytest

from skrytka.protocol.mailauth.dmarc.record import Record, parse
from tests.support.sizes import pick

RECORDS = pick(3_000, 200_000)
DOMAIN = "example.com"
ACCEPTED = {
    "Duplicate": "a tag that comes twice: the first counts",
    "must have one of": "a value that is none: p, sp and np end the policy, others are the default",
    "is not a valid option": "an option of fo that is none: the default",
    "Expected": "an empty tag, or one without a value, is passed over",
}
VALUES = {
    "p": ["none", "quarantine", "reject", "Reject", "NONE"],
    "sp": ["none", "quarantine", "reject", "QUARANTINE"],
    "np": ["none", "quarantine", "reject"],
    "adkim": ["r", "s", "S", "x"],
    "aspf": ["r", "s", "R", "strict"],
    "psd": ["y", "n", "u", "N"],
    "t": ["y", "n", "Y"],
    "fo": ["0", "1", "d", "s", "0:d", "1:d:s", "0:1", "D:S", "d:s:0"],
    "rua": ["mailto:a@example.com", "mailto:a@example.com,mailto:b@mail.example.com", "mailto:A.b@example.com!10m"],
    "ruf": ["mailto:f@example.com", "mailto:f@example.com , mailto:g@example.com"],
    "pct": ["100", "50"],
    "ri": ["86400"],
    "rf": ["afrf"],
    "x": ["y", "1"],
}
BAD = {
    "p": ["reject!", "nonee"],
    "sp": ["x"],
    "np": ["none none"],
    "psd": ["maybe"],
    "t": ["yes"],
    "fo": ["2", "0::1", "dkim"],
}


@pytest.fixture(autouse=True)
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks up the exchanges of whoever gets reports."""
    monkeypatch.setattr(oracle, "get_mx_records", lambda *_args, **_kwargs: [{"hostname": "mx", "preference": 1}])


def made(random: Random, *, with_mistake: bool) -> str:
    """Tags in any order, in any case, with white space where it may stand."""
    names = random.sample(sorted(VALUES), random.randint(1, 8))
    names = sorted({*names, "p"}, key=lambda _name: random.random())
    tags = [(name, random.choice(VALUES[name])) for name in names]
    if with_mistake:
        name = random.choice(sorted(BAD))
        tags = [(each, value) for each, value in tags if each != name]
        tags.insert(random.randint(0, len(tags)), (name, random.choice(BAD[name])))
    parts = [f"{_cased(random, name)}{_space(random)}={_space(random)}{value}" for name, value in tags]
    return (
        f"v=DMARC1{_space(random)};{_space(random)}"
        + f"{_space(random)};{_space(random)}".join(parts)
        + random.choice(["", ";", " ;"])
    )


def _space(random: Random) -> str:
    return random.choice(["", "", " ", "  ", "\t"])


def _cased(random: Random, name: str) -> str:
    return name.upper() if random.random() < 0.1 else name


def read_by_it(text: str) -> Mapping[str, Any]:
    tags: Mapping[str, Any] = oracle.parse_dmarc_record(text, DOMAIN)["tags"]
    return {name: tag["value"] for name, tag in tags.items()}


def read_or_refused(text: str) -> tuple[Mapping[str, Any] | None, str]:
    try:
        return read_by_it(text), ""
    except oracle.DMARCError as exc:
        return None, str(exc)


def differences(ours: Record, theirs: Mapping[str, Any]) -> Iterator[str]:
    wanted = {
        "p": ours.policy.value,
        "sp": ours.for_subdomain(exists=True).value,
        "np": ours.for_subdomain(exists=False).value,
        "adkim": "s" if ours.is_dkim_strict else "r",
        "aspf": "s" if ours.is_spf_strict else "r",
        "psd": ours.psd,
        "t": "y" if ours.is_testing else "n",
    }
    yield from (f"{name}: {value} {theirs[name]}" for name, value in wanted.items() if theirs[name] != value)
    options = theirs["fo"].split(":") if isinstance(theirs["fo"], str) else theirs["fo"]
    if set(options) != ours.failure_options:
        yield f"fo: {sorted(ours.failure_options)} {options}"
    for name, found in (("rua", ours.aggregate_to), ("ruf", ours.failure_to)):
        addresses = [each["address"].lower() for each in theirs.get(name, ())]
        if [each.lower() for each in found] != addresses:
            yield f"{name}: {found} {addresses}"


def test_both_read_the_same() -> None:
    random = Random(9989)
    for _ in range(RECORDS):
        text = made(random, with_mistake=False)
        ours = parse(text)
        assert ours is not None, text
        assert ours.is_applicable, text
        assert not list(differences(ours, read_by_it(text))), text


def test_where_it_refuses_a_record_we_know_why() -> None:
    random = Random(7489)
    refused = 0
    for _ in range(RECORDS // 3):
        text = made(random, with_mistake=True)
        ours = parse(text)
        assert ours is not None, text
        theirs, refusal = read_or_refused(text)
        if theirs is None:
            refused += 1
            assert any(reason in refusal for reason in ACCEPTED), (text, refusal)
        else:
            assert not list(differences(ours, theirs)), text
    assert refused


@pytest.mark.parametrize("text", ["v=DMARC2; p=none", "v=spf1 -all", "p=none; v=DMARC1", "v=DMARC1p=none", "x"])
def test_what_is_no_record_is_none_for_both(text: str) -> None:
    assert parse(text) is None
    with pytest.raises(oracle.DMARCError):
        read_by_it(text)
