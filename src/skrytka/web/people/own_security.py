"""What the pages about one's own password and factors work with, and who may use them."""

from dataclasses import dataclass

from skrytka.mail.identity.change import PasswordChanges
from skrytka.mail.identity.factors import Factors, Owner
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.proofs import Proofs
from skrytka.mail.identity.types import FRESH_S
from skrytka.model.clock import Clock, Random
from skrytka.web.http import WebRequest
from skrytka.web.people.visits import Visit, Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSecurity:
    """Made by the composition root."""

    factors: Factors
    proofs: Proofs
    changes: PasswordChanges
    identity: Identity
    clock: Clock
    random: Random


@dataclass(frozen=True, slots=True)
class Own:
    """Whose pages they are now."""

    owner: Owner
    visit: Visit
    is_enrolling: bool  # his password was right, he has no factor, and one is demanded: he may add one, nothing else


async def own_of(own: OwnSecurity, visits: Visits, request: WebRequest, *, may_be_given: bool = False) -> Own | None:
    """None for nobody, and for who signed in too long ago, or (not ``may_be_given``) by a password that was given."""
    visit = await visits.of(request, may_be_given=may_be_given)
    is_enrolling = visit is None
    if visit is None:
        visit = await visits.of(request, is_complete=False)
    if visit is None or not 0 <= own.clock.now_ms() - visit.began_at_ms < FRESH_S * 1000:
        return None
    if is_enrolling and await own.factors.rows(visit.login.account):
        return None
    return Own(await own.factors.owner(visit.login.account), visit, is_enrolling)
