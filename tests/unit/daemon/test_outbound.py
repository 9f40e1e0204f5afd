import pytest

from skrytka.daemon.outbound import share_of
from skrytka.model.settings import Outbound
from skrytka.store.sql.outbound import Share


@pytest.mark.parametrize(
    ("limits", "shares"),
    [
        (Outbound(), [Share(0, 2), Share(1, 2)]),
        (Outbound(connections_per_destination=1), [Share(0, 1), None]),
        (Outbound(connections=1), [Share(0, 1), None]),
    ],
)
def test_each_front_has_a_share_as_far_as_connections_go_round(limits: Outbound, shares: list[Share | None]) -> None:
    assert [share_of(front, 2, limits) for front in range(2)] == shares
