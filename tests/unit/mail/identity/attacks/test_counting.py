from skrytka.mail.identity.attacks.counting import Bounded, Leak, Seen


def test_a_bucket_leaks_evenly() -> None:
    leak = Leak()
    assert [leak.add(100.0, capacity=8, window_s=120) for _ in range(3)] == [1.0, 2.0, 3.0]
    assert leak.add(115.0, capacity=8, window_s=120) == 3.0
    assert leak.add(1000.0, capacity=8, window_s=120) == 1.0
    leak.take_back(5)
    assert leak.level == 0.0


def test_what_was_seen_too_long_ago_goes() -> None:
    seen = Seen(3)
    for at_s, name in enumerate("aabc"):
        seen.add(name, float(at_s), 10.0)
    assert (len(seen), seen.rare(1), seen.rare(2), seen.within(3.0, 2.0)) == (3, 2, 3, 2)
    seen.add("d", 4.0, 10.0)
    assert len(seen) == 3  # the longest unseen is forgotten
    assert seen.discard("a") == 0
    seen.add("b", 5.0, 10.0)
    assert seen.discard("b") == 2
    seen.add("e", 14.5, 10.0)
    assert len(seen) == 1
    seen.clear()
    assert len(seen) == 0


def test_a_table_forgets_the_longest_unused() -> None:
    table: Bounded[list[int]] = Bounded(list, 2)
    table.of("a").append(1)
    table.of("b")
    table.of("a")
    table.of("c")
    assert (table.find("a"), table.find("b"), len(table)) == ([1], None, 2)
    table.drop("a")
    table.drop("a")
    assert table.find("a") is None


def test_what_was_seen_goes_on_in_another() -> None:
    seen = Seen(9)
    for at_s, name in enumerate("abcb"):
        seen.add(name, float(at_s), 10.0)
    other = Seen(2)
    other.restore(seen.kept())
    assert other.kept() == (("c", 2.0, 1), ("b", 3.0, 2))


def test_a_table_has_its_newest_and_takes_what_was_made_elsewhere() -> None:
    table: Bounded[list[int]] = Bounded(list, 3)
    for name in "abc":
        table.of(name)
    table.of("a")
    assert table.newest(2) == ["c", "a"]
    table.put("b", [1])
    table.put("d", [2])
    assert (table.newest(9), table.find("b")) == (["a", "b", "d"], [1])
