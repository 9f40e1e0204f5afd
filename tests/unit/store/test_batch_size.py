"""Clients that send their next command after the last one's answer: how large their batches become, who waits."""

from skrytka.store.batch_size import CONTENT, WANTED_MAX, BatchSize


def batches(size: BatchSize, clients: int, count: int) -> tuple[list[int], int]:
    """Each batch has all clients if it waits for them, else all but one; how often it waited in vain."""
    made, in_vain = [], 0
    for _ in range(count):
        came = min(clients, max(size.wanted, clients - 1, 1))
        in_vain += size.wanted > clients
        size.came(came)
        made.append(came)
    return made, in_vain


def test_a_lone_client_never_waits() -> None:
    size = BatchSize()
    assert batches(size, 1, 100) == ([1] * 100, 0)
    assert size.wanted == 1


def test_several_are_waited_for_and_one_too_many_seldom() -> None:
    made, in_vain = batches(BatchSize(), 5, 10 * CONTENT)
    assert set(made[1:]) == {5}
    assert in_vain <= 11


def test_who_is_alone_again_waits_once() -> None:
    size = BatchSize()
    batches(size, 8, 20)
    assert size.wanted >= 8
    size.came(1)
    assert batches(size, 1, 50) == ([1] * 50, 0)


def test_what_is_wanted_is_bounded_but_not_what_comes() -> None:
    size = BatchSize()
    assert max(batches(size, 40, 100)[0][20:]) == 39  # the last one comes too late, and nobody waits
    size = BatchSize()
    for _ in range(100):
        size.came(size.wanted + 1 if size.wanted < WANTED_MAX else size.wanted)
        assert size.wanted <= WANTED_MAX
