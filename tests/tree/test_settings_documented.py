"""docs/settings.md names every setting of ``skrytka.model.settings`` and none that is not there."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from skrytka.model.settings import Settings
from tests.support.needs import NOT_RUN
from tests.support.tree import DOCS, code_spans, table_rows

PAGE = DOCS / "settings.md"


def nested(kind: Any) -> Iterator[inspect.StructType]:
    """The structs inside a type: itself, or the items of its tuples, lists, dicts and unions."""
    if isinstance(kind, inspect.StructType):
        yield kind
        return
    inner = [getattr(kind, name, None) for name in ("item_type", "value_type")]
    for part in [*inner, *getattr(kind, "item_types", ()), *getattr(kind, "types", ())]:
        if part is not None:
            yield from nested(part)


def keys_of(struct: inspect.StructType, prefix: str = "") -> Iterator[str]:
    """Dotted keys as they stand in the file: ``hostname``, ``dns.timeout_s``, ``listeners.smtp.port``."""
    for field in struct.fields:
        key = prefix + field.encode_name
        structs = list(nested(field.type))
        if not structs:
            yield key
        for inner in structs:
            yield from keys_of(inner, key + ".")


def documented(text: str) -> set[str]:
    """The key in the first cell of each table row; ``listeners.*.port`` stands for that key of every listener."""
    return {span for row in table_rows(text) for span in code_spans(row[0])}


def unmatched(wanted: set[str], offered: set[str]) -> set[str]:
    """Those wanted that no offered name (a pattern where it has a star) covers."""
    patterns = [re.compile(re.escape(name).replace(r"\*", r"[^.]+")) for name in offered]
    return {key for key in wanted if not any(pattern.fullmatch(key) for pattern in patterns)}


def stale(names: set[str], keys: set[str]) -> set[str]:
    return {name for name in names if unmatched(keys, {name}) == keys}


def all_keys() -> set[str]:
    root = inspect.type_info(Settings)
    assert isinstance(root, inspect.StructType)
    return set(keys_of(root))


@pytest.fixture
def names() -> set[str]:
    if not PAGE.is_file():
        pytest.skip(f"{NOT_RUN}docs/settings.md is not written yet")
    return documented(PAGE.read_text(encoding="utf-8"))


def test_every_setting_is_documented(names: set[str]) -> None:
    missing = sorted(unmatched(all_keys(), names))
    assert not missing, f"docs/settings.md has no table row that begins with `key` for: {missing}"


def test_no_documented_setting_is_gone(names: set[str]) -> None:
    gone = sorted(stale(names, all_keys()))
    assert not gone, f"docs/settings.md describes settings that do not exist: {gone}"


def test_the_walk_finds_nested_keys() -> None:
    class Inner(msgspec.Struct):
        port: int

    class Outer(msgspec.Struct):
        name: str
        one: Inner
        many: tuple[Inner, ...] = ()
        maybe: Inner | None = None
        named: dict[str, Inner] = {}

    root = inspect.type_info(Outer)
    assert isinstance(root, inspect.StructType)
    assert set(keys_of(root)) == {"name", "one.port", "many.port", "maybe.port", "named.port"}


def test_a_star_covers_one_step() -> None:
    assert unmatched({"a.x.port", "a.x.y.port"}, {"a.*.port"}) == {"a.x.y.port"}
    assert stale({"a.*.gone", "a.*.port"}, {"a.x.port"}) == {"a.*.gone"}
