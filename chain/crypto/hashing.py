"""SHA-256 and the domain-separated hashes of the protocol.

Every hash that a party signs, commits to or draws by is built here, from fixed-length fields only, so that no two
meanings share a preimage. Integers are little-endian unless a name says otherwise.
"""

import hashlib


def sha256(*parts: bytes) -> bytes:
    """Return SHA-256 of the concatenated parts."""
    return hashlib.sha256(b"".join(parts)).digest()


def tag(name: str) -> bytes:
    """Return the domain tag: one length byte, then `ostraka/<name>/1`."""
    text = f"ostraka/{name}/1".encode("ascii")
    return bytes((len(text),)) + text


def u32(value: int) -> bytes:
    """Return four little-endian bytes."""
    return value.to_bytes(4, "little")


def u64(value: int) -> bytes:
    """Return eight little-endian bytes."""
    return value.to_bytes(8, "little")


def chain_hash(chain_id: str) -> bytes:
    """Return the 32 bytes that bind every hash to one chain."""
    return sha256(chain_id.encode())


def unit_id(chain: bytes, job_id: int, attempt: int, stage: int) -> bytes:
    """Return the identity of (job, attempt, stage); `chain` is `chain_hash`."""
    return sha256(tag("unit"), chain, u64(job_id), u32(attempt), u32(stage))


def blind_hash(blind: bytes) -> bytes:
    """Return what the chain sees of a job's 32-byte blind."""
    return sha256(tag("blind"), blind)


def token_salt(blind: bytes, is_output: bool, index: int) -> bytes:
    """Return the 16-byte salt of prompt or output token `index`."""
    return sha256(tag("salt"), blind, b"\x01" if is_output else b"\x00", u32(index))[:16]


def blinded(blind: bytes, root: bytes) -> bytes:
    """Return the on-chain form of a content root: keyed, else a guess could be confirmed from its hash."""
    return sha256(b"\x05", blind, root)


def first_beacon(chain: bytes) -> bytes:
    """Return beacon_0."""
    return sha256(tag("beacon"), chain)


def next_beacon(previous: bytes, height: int, beta: bytes) -> bytes:
    """Return beacon_h from beacon_{h-1} and the proposer's 64-byte VRF output."""
    return sha256(tag("beacon"), previous, u64(height), beta)


def beacon_input(chain: bytes, previous: bytes, height: int) -> bytes:
    """Return the VRF input of the proposer of block `height`."""
    return tag("beaconvrf") + chain + previous + u64(height)


def round_alpha(chain: bytes, round_index: int, beacon: bytes) -> bytes:
    """Return the randomness of a look at a round; `beacon` is that of its close + 2, or of the end of commit-1 + 2."""
    return sha256(tag("round"), chain, u64(round_index), beacon)


def epoch_input(chain: bytes, worker: bytes, epoch: int, beacon: bytes) -> bytes:
    """Return the VRF input of a worker for one epoch; `beacon` is that of the epoch's second block."""
    return tag("epoch") + chain + worker + u64(epoch) + beacon


def ticket(beta: bytes, alpha: bytes, unit: bytes) -> bytes:
    """Return a worker's ticket for a unit, as 32 bytes; compared as a big-endian number."""
    return sha256(tag("ticket"), beta, alpha, unit)


def trace_root(unit: bytes, in_root: bytes, body_root: bytes, out_root: bytes) -> bytes:
    """Return the root of a unit's whole trace, from the on-chain forms of its roots."""
    return sha256(b"\x04", unit, in_root, body_root, out_root)


def seal(asserter: bytes, unit: bytes, salt: bytes, root: bytes) -> bytes:
    """Return the asserter's sealed commitment of `root` (a `trace_root`)."""
    return sha256(tag("seal"), asserter, unit, salt, root)


def canary_salt(unit: bytes, secret: bytes, body_root: bytes) -> bytes:
    """Return the salt of a baited seal: whoever knows the secret can show later what the true body_root was."""
    return sha256(tag("canary"), unit, secret, body_root)


def canary_draw(beacon: bytes, unit: bytes) -> bytes:
    """Return the digest that says whether a unit counts as a canary, if it was baited."""
    return sha256(tag("canarydraw"), beacon, unit)


def check_seal(checker: bytes, unit: bytes, salt: bytes, body_root: bytes, out_root: bytes) -> bytes:
    """Return a checker's sealed commitment."""
    return sha256(tag("check"), checker, unit, salt, body_root, out_root)


def plan_draw(chain: bytes, job_id: int, attempt: int, beacon: bytes) -> bytes:
    """Return the digest that, as a big-endian number modulo the count, names the plan of a job."""
    return sha256(tag("plan"), chain, u64(job_id), u32(attempt), beacon)


def receipt_bytes(signer_unit: bytes, revision: int, count: int, root: bytes, is_final: bool) -> bytes:
    """Return what both ends of a hop sign: `count` rows or tokens so far have this root."""
    return tag("receipt") + signer_unit + u32(revision) + u32(count) + root + (b"\x01" if is_final else b"\x00")


def cancel_bytes(chain: bytes, job_id: int, attempt: int, tokens: int) -> bytes:
    """Return what a requester signs to stop a job at `tokens` output tokens."""
    return tag("cancel") + chain + u64(job_id) + u32(attempt) + u32(tokens)


def fetch_bytes(unit: bytes, height: int) -> bytes:
    """Return what a checker signs to fetch a unit's input."""
    return tag("fetch") + unit + u64(height)


def stage_zero_input(prompt_root: bytes, tokens_root: bytes) -> bytes:
    """Return in_root of a job's first stage."""
    return sha256(b"\x03", prompt_root, tokens_root)


def possession_bytes(chain: bytes, owner: bytes, role: str) -> bytes:
    """Return what a key signs (or proves by VRF) to show that `owner` holds it; role: hot, vrf, box or beacon."""
    return tag(f"possess-{role}") + chain + owner
