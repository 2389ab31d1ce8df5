"""What honest people do beside their duties: bait seals, claim the duties of others, show given seals."""

from typing import TYPE_CHECKING, Any

from chain.crypto import hashing
from chain.errors import Rejected
from chain.modules.disputes.types import MsgClaimReceipt, Role
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, Unit
from chain.modules.rates import keeper as rates
from chain.modules.sampling import canaries, claims
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckPhase, MsgClaimDuty, MsgOpenCanary, MsgShowSeal
from tests.support.network import Machine

from .contents import LAST, TOKENS, Lie
from .people import BY_ADDRESS, CUSTOMER, Place, digest, place_of

if TYPE_CHECKING:
    from .life import Life


class Baits:
    """Baited seals: one unit in `canary_spacing`, drawn by the worker itself, opened as the chain asks for it."""

    def __init__(self, life: "Life") -> None:
        self.life = life
        self.spacing = rates.params(life.town.store).canary_spacing
        self._open: dict[Place, tuple[Machine, bytes]] = {}
        """Baited units whose seals are shut, with the true body_root."""

    def seal_parts(self, who: Machine, unit: Unit, body: bytes, salt: bytes) -> tuple[bytes, bytes]:
        """Return the body_root that is sealed, and the seal's salt."""
        place, is_lie = place_of(unit), self.life.lie_of(unit) != Lie.NONE
        if not self.spacing or is_lie or self.life.dice("bait", who.name, place) * self.spacing >= 1:
            return body, salt
        self._open[place] = (who, body)
        identity = self.life.unit_id(unit)
        return digest("bait", place), hashing.canary_salt(identity, digest("secret", who.name, place), body)

    def opening(self, who: Machine, place: Place) -> MsgOpenCanary | None:
        """Return the message that opens a baited seal; None if the seal is like any other."""
        found = self._open.get(place)
        if found is None:
            return None
        secret, bait = digest("secret", who.name, place), digest("bait", place)
        return MsgOpenCanary(who.hot.bech32, *place, secret, bait, found[1])

    def open_late(self, store: Any) -> None:
        """Open what nobody checked, if the epoch's draw takes it; forget what is open, or gone.

        What the draw does not take is kept: a unit that is drawn late has its seal opened after all.
        """
        for place, (who, _) in list(self._open.items()):
            key = (place[0], (place[1], place[2]))
            unit, check = jobs.find_unit(store, key), sampling.find_check(store, key)
            if unit is None or unit.salt:
                del self._open[place]
            elif check is not None and check.phase == CheckPhase.DONE:
                message = self.opening(who, place)
                is_drawn = canaries.is_drawn(store, unit, sampling.find_earlier(store, key) or check)
                if is_drawn and not check.num_reveals and message is not None:
                    self.life.send_alone(who.hot, message)


class Claims:
    """Duties that were not done, claimed by a customer as soon as the epoch's proofs show them."""

    def __init__(self, life: "Life") -> None:
        self.life = life
        self._unmet: dict[tuple[Place, bytes], None] = {}

    def note(self, place: Place, checker: bytes) -> None:
        """Remember a duty that nobody does."""
        self._unmet[place, checker] = None

    def send(self, store: Any) -> None:
        """Claim what can be claimed now; a unit may prove false, or a canary count, after a first claim."""
        for place, checker in list(self._unmet):
            key = (place[0], (place[1], place[2]))
            if jobs.find_unit(store, key) is None:
                del self._unmet[place, checker]
                continue
            try:
                claims.find_unmet(store, key, checker)
            except Rejected:
                continue
            name = BY_ADDRESS[checker].operator.bech32
            self.life.send_alone(CUSTOMER, MsgClaimDuty(CUSTOMER.bech32, *place, name))


def show_seal(life: "Life", unit: Unit, author: Machine) -> MsgShowSeal:
    """Return the message by which whoever was given a seal shows it."""
    body, salt = life.running.sealed[place_of(unit)]
    return MsgShowSeal(CUSTOMER.bech32, *place_of(unit), author.operator.bech32, salt, body, b"")


def claim_streamed(life: "Life", job: Job, unit: Unit) -> MsgClaimReceipt:
    """Return the customer's claim that what was streamed to it is not what was committed to."""
    streamed = life.streamed.pop((job.job_id, job.attempt))
    receipt = life.running.receipt(unit, life.town.contents.by_lie[streamed].roots(LAST)[1], TOKENS)
    return MsgClaimReceipt(CUSTOMER.bech32, job.job_id, job.attempt, LAST, Role.SENDER, receipt)
