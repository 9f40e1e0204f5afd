import pytest

from skrytka.daemon.deliveries import Base, Deliveries
from skrytka.mail.delivery.local import Delivery
from skrytka.mail.delivery.message import Sealed
from skrytka.model.settings import Dkim, Reports


async def hashed(delivery: Delivery) -> bool:
    """Whether a message that leaves is made ready to be signed."""
    message = delivery.begin_submission(is_leaving=True)
    await message.write(b"From: a@example.test\r\n\r\nbody\r\n")
    sealed = await message.finish()
    await message.abort()
    assert isinstance(sealed, Sealed)
    return bool(sealed.hashes)


@pytest.mark.parametrize(
    ("base", "is_signed"), [({}, True), ({"dkim": Dkim(is_signing=False)}, False)], indirect=["base"]
)
async def test_what_leaves_is_signed_unless_the_settings_say_no(base: Base, *, is_signed: bool) -> None:
    deliveries = Deliveries(base)
    assert (deliveries.signing is not None) is is_signed
    assert await hashed(deliveries.delivery(base.settings)) is is_signed


async def test_deliveries_here_make_reports(base: Base) -> None:
    deliveries = Deliveries(base)
    assert deliveries.reports(base.settings).deps.signing is deliveries.signing


@pytest.mark.parametrize(
    ("base", "is_sent"), [({}, False), ({"reports": Reports(is_failure_sent=True)}, True)], indirect=["base"]
)
async def test_single_failures_are_told_on_demand_only(base: Base, *, is_sent: bool) -> None:
    deliveries = Deliveries(base)
    noted = deliveries.delivery(base.settings)._deps.failures
    assert (noted is deliveries.failures) is is_sent
