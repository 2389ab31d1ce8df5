"""What users may ask of the workers module."""

from dataclasses import replace

from chain.context import Context
from chain.crypto import vrf
from chain.crypto.hashing import possession_bytes
from chain.crypto.keys import ed25519_address, verify_ed25519
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.models import keeper as models
from chain.modules.models.rules import is_range
from chain.modules.workers import keeper, rules
from chain.modules.workers.types import (
    Empty,
    Enrollment,
    Keys,
    MsgBond,
    MsgChangeVrfKey,
    MsgEnroll,
    MsgRegisterWorker,
    MsgUnbond,
    MsgUnenroll,
    MsgUpdateWorker,
    MsgWithdraw,
    MsgWithdrawResponse,
    Role,
    Worker,
    WorkerStatus,
)

PROOF_GAS = 20_000
"""One VRF verification."""


def register_worker(ctx: Context, msg: MsgRegisterWorker) -> Empty:
    """Register a worker. Raises: Rejected: INVALID_PROOF, WORKER_EXISTS, KEY_IN_USE, BOND_TOO_SMALL and others."""
    operator = address_of(msg.operator, "operator")
    rules.require_fields(keeper.params(ctx.store), msg.endpoint, msg.region, msg.devices)
    rules.require_amount(msg.bond)
    require_possession(ctx, operator, msg.keys)
    new = Worker(
        operator=operator,
        hot_address=ed25519_address(msg.keys.hot_key),
        keys=msg.keys,
        endpoint=msg.endpoint,
        region=msg.region,
        memory_bytes=msg.memory_bytes,
        devices=msg.devices,
        ask_price=msg.ask_price,
        bond=msg.bond,
        unbonding=0,
        reserved=0,
        status=WorkerStatus.ACTIVE,
        registered_height=ctx.block.height,
    )
    keeper.register(ctx, new)
    ctx.emit("WorkerRegistered", operator=msg.operator, bond=msg.bond)
    return Empty()


def require_possession(ctx: Context, operator: bytes, keys: Keys) -> None:
    """Check that the operator holds each key. Raises: Rejected: INVALID_PROOF naming the key."""
    chain = ctx.block.chain
    for role, key, proof in (("hot", keys.hot_key, keys.hot_possession), ("box", keys.box_key, keys.box_possession)):
        if not verify_ed25519(key, possession_bytes(chain, operator, role), proof):
            raise Rejected(Code.INVALID_PROOF, f"{role}_possession does not verify; sign with the {role} key itself")
    require_vrf_possession(ctx, operator, keys.vrf_key, keys.vrf_possession)


def require_vrf_possession(ctx: Context, operator: bytes, key: bytes, proof: bytes) -> None:
    """Check that the operator holds a VRF key. Raises: Rejected: INVALID_PROOF."""
    ctx.gas.charge(PROOF_GAS, "VRF proof")
    if vrf.verify(key, possession_bytes(ctx.block.chain, operator, "vrf"), proof) is None:
        raise Rejected(Code.INVALID_PROOF, "vrf_possession does not verify; prove with the VRF key itself")


def update_worker(ctx: Context, msg: MsgUpdateWorker) -> Empty:
    """Change endpoint, region and price; drain or resume. Raises: Rejected: BOND_TOO_SMALL, WORKER_NOT_ACTIVE."""
    owner = keeper.worker(ctx.store, address_of(msg.operator, "operator"))
    params = keeper.params(ctx.store)
    rules.require_fields(params, msg.endpoint, msg.region, ())
    if owner.status == WorkerStatus.JAILED and not msg.is_draining:
        raise Rejected(Code.WORKER_NOT_ACTIVE, "a jailed worker does not resume")
    if not msg.is_draining and rules.weight(owner) < params.min_bond:
        raise Rejected(Code.BOND_TOO_SMALL, f"{rules.weight(owner)} uostr are bonded, {params.min_bond} are required")
    status = owner.status
    if status != WorkerStatus.JAILED:
        status = WorkerStatus.DRAINING if msg.is_draining else WorkerStatus.ACTIVE
    changed = replace(owner, endpoint=msg.endpoint, region=msg.region, ask_price=msg.ask_price, status=status)
    keeper.update(ctx, changed)
    ctx.emit("WorkerUpdated", operator=msg.operator, status=status.name)
    return Empty()


def bond(ctx: Context, msg: MsgBond) -> Empty:
    """Add to the bond. Raises: Rejected: UNKNOWN_WORKER, INSUFFICIENT_FUNDS."""
    rules.require_amount(msg.amount)
    keeper.add_bond(ctx, address_of(msg.operator, "operator"), msg.amount)
    ctx.emit("Bonded", operator=msg.operator, amount=msg.amount)
    return Empty()


def unbond(ctx: Context, msg: MsgUnbond) -> Empty:
    """Begin to take bond out. Raises: Rejected: UNKNOWN_WORKER, BOND_TOO_SMALL."""
    rules.require_amount(msg.amount)
    entry = keeper.unbond(ctx, address_of(msg.operator, "operator"), msg.amount)
    ctx.emit("UnbondingBegun", operator=msg.operator, amount=msg.amount, release_height=entry.release_height)
    return Empty()


def withdraw(ctx: Context, msg: MsgWithdraw) -> MsgWithdrawResponse:
    """Pay out what has finished unbonding. Raises: Rejected: UNKNOWN_WORKER, BOND_LOCKED."""
    amount = keeper.withdraw(ctx, address_of(msg.operator, "operator"))
    ctx.emit("Withdrawn", operator=msg.operator, amount=amount)
    return MsgWithdrawResponse(amount)


def change_vrf_key(ctx: Context, msg: MsgChangeVrfKey) -> Empty:
    """Schedule a new VRF key for the next epoch boundary. Raises: Rejected: INVALID_PROOF, KEY_IN_USE."""
    owner = keeper.worker(ctx.store, address_of(msg.operator, "operator"))
    require_vrf_possession(ctx, owner.operator, msg.vrf_key, msg.possession)
    keeper.change_vrf_key(ctx, owner, msg.vrf_key, msg.possession)
    ctx.emit("VrfKeyChanging", operator=msg.operator)
    return Empty()


def enroll(ctx: Context, msg: MsgEnroll) -> Empty:
    """Declare readiness. Raises: Rejected: UNKNOWN_MODEL, WORKER_NOT_ACTIVE, RANGE_INVALID, ALREADY_ENROLLED."""
    owner = keeper.worker(ctx.store, address_of(msg.operator, "operator"))
    model = models.model(ctx.store, msg.model_root)
    if not rules.is_active(owner):
        raise Rejected(Code.WORKER_NOT_ACTIVE, f"the worker is {owner.status.name}; resume or bond first")
    if msg.role == Role.UNSPECIFIED:
        raise Rejected(Code.INVALID_REQUEST, "role: SERVE or CHECK")
    last = model.header.num_layers
    if not is_range(model.header, msg.start, msg.end):
        raise Rejected(Code.RANGE_INVALID, f"[{msg.start}, {msg.end}) does not begin and end at a cut of 0..{last}")
    if msg.role == Role.CHECK and (msg.start, msg.end) != (0, last):
        raise Rejected(Code.RANGE_INVALID, f"checking is for the whole model: [0, {last})")
    keeper.enroll(ctx, Enrollment(owner.operator, msg.model_root, msg.role, msg.start, msg.end, ctx.block.height))
    ctx.emit("Enrolled", operator=msg.operator, model_root=msg.model_root.hex(), role=msg.role.name)
    return Empty()


def unenroll(ctx: Context, msg: MsgUnenroll) -> Empty:
    """Take back an enrolment. Raises: Rejected: UNKNOWN_WORKER, UNKNOWN_MODEL, NOT_ENROLLED."""
    owner = keeper.worker(ctx.store, address_of(msg.operator, "operator"))
    models.model(ctx.store, msg.model_root)
    keeper.unenroll(ctx, msg.model_root, msg.role, owner.operator)
    ctx.emit("Unenrolled", operator=msg.operator, model_root=msg.model_root.hex(), role=msg.role.name)
    return Empty()
