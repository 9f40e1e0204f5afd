from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.outgoing import to_sign
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from tests.support.outside import Outside
from tests.unit.mail.world import World


def test_one_hash_is_wanted_whatever_the_header_says() -> None:
    assert set(to_sign(HeaderScan(b""))) == {SIGNED_BODY}


async def test_what_leaves_unsigned_has_no_signature_to_renew(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit("x@example.net")
    assert len(await outside.queue()) == 1
    assert "FaultRaised" not in world.events.names()  # nothing was to sign
