from skrytka.model.limits import ConnectionLimits
from skrytka.store.seal.budget import MemoryBudget


def test_what_fits_is_counted_and_what_does_not_is_refused() -> None:
    budget = MemoryBudget(100)
    assert budget.take(60)
    assert not budget.take(41)
    assert budget.held_bytes == 60
    assert budget.take(40)
    assert not budget.take(1)


def test_what_is_given_back_can_be_taken_again() -> None:
    budget = MemoryBudget(100)
    assert budget.take(100)
    budget.release(30)
    assert budget.held_bytes == 70
    assert budget.take(30)


def test_the_bound_is_that_of_the_limits() -> None:
    assert MemoryBudget().limit_bytes == ConnectionLimits().spool_memory_bytes == 64 * 1024 * 1024
