"""Roots of tokens and units, their forms on the chain, and the seals over them."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.crypto import hashing
from chain.crypto.merkle import Kind, leaf, lr

SALT_BYTES = 32
"""Salts, blinds and seeds have 32 bytes."""


@dataclass(frozen=True, slots=True)
class ChainRoots:
    """The three roots of a unit as every hash and message on the chain has them."""

    in_root: bytes
    body_root: bytes
    out_root: bytes


def token_leaf(blind: bytes, is_output: bool, index: int, token: int) -> bytes:
    """Return the salted digest of one prompt or output token."""
    salt = hashing.token_salt(blind, is_output, index)
    return leaf(Kind.TOK, salt + hashing.u32(index) + hashing.u32(token))


def prompt_root(blind: bytes, ids: Sequence[int]) -> bytes:
    """Return the root of a prompt's tokens."""
    return _tokens(blind, False, ids)


def tokens_root(blind: bytes, ids: Sequence[int]) -> bytes:
    """Return the root of an answer's tokens, which is the last stage's out_root."""
    return _tokens(blind, True, ids)


def _tokens(blind: bytes, is_output: bool, ids: Sequence[int]) -> bytes:
    return lr(Kind.TOKS, [token_leaf(blind, is_output, index, token) for index, token in enumerate(ids)])


def is_witness(blind: bytes, blind_hash: bytes, prompt: Sequence[int], root: bytes) -> bool:
    """Say whether a blind and prompt ids are the ones of the job with this `blind_hash` and prompt root."""
    return (
        len(blind) == SALT_BYTES
        and hashing.blind_hash(blind) == blind_hash
        and all(0 <= token < 1 << 32 for token in prompt)
        and prompt_root(blind, prompt) == root
    )


def asserter_seal(asserter: bytes, unit: bytes, salt: bytes, roots: ChainRoots) -> bytes:
    """Return the commitment that comes with a result; its salt is drawn once and journalled before."""
    trace = hashing.trace_root(unit, roots.in_root, roots.body_root, roots.out_root)
    return hashing.seal(_operator(asserter), unit, _salt(salt), trace)


def checker_seal(checker: bytes, unit: bytes, salt: bytes, roots: ChainRoots) -> bytes:
    """Return a checker's commitment; its salt is drawn once and journalled before."""
    return hashing.check_seal(_operator(checker), unit, _salt(salt), roots.body_root, roots.out_root)


def _salt(salt: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return salt


def _operator(address: bytes) -> bytes:
    if len(address) != 20:
        raise ValueError(f"an operator address has 20 bytes, not {len(address)}")
    return address
