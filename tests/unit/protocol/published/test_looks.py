import msgspec

from skrytka.protocol.published.looks import looks
from skrytka.protocol.published.text import zone_file
from skrytka.protocol.published.wanted import LOOKED_AT, Kind, PolicyView, wanted
from tests.support.published import FACTS

ALL = msgspec.structs.replace(FACTS, servers=(), policy=PolicyView(), block_lists=("bl.test",))


def test_what_was_found_out_is_looked_at() -> None:
    assert {each.kind for each in looks(ALL)} == LOOKED_AT - {Kind.SIGNED}
    assert {each.kind for each in looks(FACTS)} == {Kind.SCHEME}
    bare = msgspec.structs.replace(FACTS, associations=())
    assert list(looks(bare)) == []


def test_nothing_of_it_is_written_into_a_zone() -> None:
    assert zone_file(ALL, (*wanted(ALL), *looks(ALL))) == zone_file(FACTS, wanted(FACTS))
