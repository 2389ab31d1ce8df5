"""The chain of a run: the real application on its real store, signed transactions, proposers that may withhold.

Only CometBFT is missing: `Town` decides on blocks in its place. What a proposer may do to the randomness it may do
here: withhold its block, so that the next one proposes the same height.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from chain.application import Block, Timestamp
from chain.client.registry import type_url
from chain.client.signing import Key
from chain.context import BlockFacts
from chain.crypto.hashing import beacon_input, chain_hash, next_beacon
from chain.crypto.vrf import proof_to_hash, prove
from chain.errors import Code
from chain.modules.accounts import keeper as accounts
from chain.modules.bank import keeper as bank
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs.types import MsgSubmitResult
from chain.modules.models.rules import model_root
from chain.modules.models.types import ModelHeader, MsgRegisterModel
from chain.modules.plans.types import MsgSubmitPlan, StageRequest
from chain.modules.sampling.types import MsgOpenEpoch
from chain.modules.workers import keeper as workers
from chain.modules.workers.types import MsgEnroll, MsgRegisterWorker, Role
from chain.store.codec import encode
from tests.support.builders import CHAIN_ID, GENESIS_SECONDS, Chain, Validator, make_genesis, validator
from tests.support.network import Machine

from .contents import CUTS, SHAPE, Contents
from .people import ACCOMPLICE, CHECKERS, CUSTOMER, HONEST, RIVALS, STRANGER, SUSPECT, WORKERS, Person
from .setting import BALANCE, Setting
from .strategies import Strategy

CHAIN = chain_hash(CHAIN_ID)
EXTRA_GAS = {MsgSubmitResult: 10_000, MsgOpenEpoch: 20_000, MsgRegisterWorker: 200_000, MsgRegisterModel: 100_000}
"""What messages use beside the gas of their kind and their bytes."""
TX_GAS = 8_000
"""Signature and envelope."""

Withholds = Callable[[int, bytes, bytes], bool]
"""(height, the beacon that this block would make, the proposer's address) → whether it is withheld."""


@dataclass
class Town:
    """A chain with everybody registered and one epoch's snapshot taken."""

    path: Path
    setting: Setting
    contents: Contents
    strategy: Strategy
    chain: Chain = field(init=False)
    withholds: Withholds | None = None
    num_withheld: int = 0
    refusals: dict[Code, int] = field(default_factory=dict)
    _sequences: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        setting, model = self.setting, self.contents.model
        people = [CUSTOMER, ACCOMPLICE] + [key for who in WORKERS for key in (who.operator, who.hot)]
        entry = {"name": "tiny", "header": model.header, "tensor_digests": model.roots[1:]}
        positions = 3 + setting.max_tokens - 1
        work = positions * model.header.layer_costs[-1] + setting.max_tokens * model.header.head_cost
        genesis = make_genesis(
            {key.bech32: BALANCE for key in people},
            parameters=setting.parameters(work),
            num_validators=setting.num_validators,
            models=[entry],
        )
        validators = tuple(validator(index) for index in range(setting.num_validators))
        self.chain = Chain(self.path, genesis, tuple(people), validators, {"sync": False})
        self._begin()

    def _begin(self) -> None:
        if self.is_niche:
            digests = self.contents.model.roots[1:]
            self.run_block([(ACCOMPLICE, [MsgRegisterModel(ACCOMPLICE.bech32, "niche", self._header, digests)])])
        for _ in range(self.setting.seed):  # later epochs have other beacons
            self.run_until_epoch()
            self.run_block([])
        self.run_until_epoch()
        self.run_block([(who.operator, [who.registration(self._bond(who))]) for who in WORKERS])
        for who, role in self._roles():
            sent = [(who.operator, [MsgEnroll(who.operator.bech32, self.model_root, role, 0, SHAPE.layers)])]
            self.run_block(sent)
        pairs = ((STRANGER, SUSPECT),) if self.is_niche else ((HONEST, SUSPECT), RIVALS)[: self.strategy.num_plans]
        for pair in pairs:
            stages = tuple(StageRequest(who.operator.bech32, *cut) for who, cut in zip(pair, CUTS, strict=True))
            self.run_block([(CUSTOMER, [MsgSubmitPlan(CUSTOMER.bech32, self.model_root, stages)])])
        self.run_until_epoch()
        assert not self.refusals, self.refusals

    def _bond(self, who: Person) -> int:
        return self.setting.bond if who in CHECKERS else self.setting.server_bond

    @property
    def is_niche(self) -> bool:
        """Tell whether the customers want a model that only the suspect's friends serve and check."""
        return self.strategy.market == "niche"

    @cached_property
    def _header(self) -> ModelHeader:
        plain = self.contents.model.header
        return replace(plain, tokenizer_hash=hashlib.sha256(b"niche").digest()) if self.is_niche else plain

    @cached_property
    def model_root(self) -> bytes:
        """Return the model that customers ask for."""
        return model_root(self._header, self.contents.model.roots[1:])

    def _roles(self) -> list[tuple[Person, Role]]:
        if self.is_niche:
            checkers = [who for who in CHECKERS if who in self.strategy.party]
            return [(who, Role.SERVE) for who in (STRANGER, SUSPECT)] + [(who, Role.CHECK) for who in checkers]
        return [(who, Role.SERVE) for who in (HONEST, SUSPECT, *RIVALS)] + [(who, Role.CHECK) for who in CHECKERS]

    def run_until_epoch(self) -> None:
        """Run empty blocks to the end of an epoch."""
        blocks = self.setting.parameters(1).sampling.epoch_blocks
        while self.height % blocks or not self.height:
            self.run_block([])

    @property
    def height(self) -> int:
        """Return the height of the last block."""
        return self.chain.height

    @property
    def store(self) -> Any:
        """Return the last committed state."""
        return self.chain.app.snapshot().store

    def close(self) -> None:
        """Close the databases."""
        self.chain.app.close()

    # Blocks

    def run_block(self, sent: Sequence[tuple[Key, Sequence[object]]]) -> list[Code]:
        """Execute and commit a block with these transactions; a refusal is counted, a failing handler is an error."""
        self._sequences.clear()
        txs = [self._tx(key, messages) for key, messages in sent]
        block = self._propose(txs)
        results = self.chain.decide(block).tx_results[1:]
        codes = [Code(result.code) for result in results]
        for code, result in zip(codes, results, strict=True):
            if code == Code.INTERNAL:
                raise RuntimeError(result.log)
            if code:
                self.refusals[code] = self.refusals.get(code, 0) + 1
        return codes

    def _tx(self, key: Key, messages: Sequence[object]) -> bytes:
        if key.address not in self._sequences:
            found = accounts.find_account(self.chain.app._below(), key.address)
            self._sequences[key.address] = found.sequence if found else 0
        sequence = self._sequences[key.address]
        self._sequences[key.address] += 1
        routes = self.chain.app._routes
        gas = TX_GAS
        for message in messages:
            gas += routes[type_url(type(message))].gas + EXTRA_GAS.get(type(message), 0) + 10 * len(encode(message))
        return self.chain.tx(key, *messages, sequence=sequence, gas=gas, fee=-(-gas // 10_000))

    def _propose(self, txs: Sequence[bytes]) -> Block:
        height = self.height + 1
        validators = self.chain.validators
        turn = hashlib.sha256(b"proposer %d" % height).digest()[0]
        proposer = validators[turn % len(validators)]
        if self.withholds is not None:
            made = self.beacon_of(height, proposer)
            if self.withholds(height, made, proposer.address):
                self.num_withheld += 1
                proposer = validators[(turn + 1) % len(validators)]
        time = Timestamp(GENESIS_SECONDS + height)
        facts = BlockFacts(CHAIN_ID, CHAIN, height, time, proposer.address)
        first = beacon.make_transaction(self.chain.app._below(), facts, proposer.beacon_seed)
        block_hash = hashlib.sha256(b"block %d" % height).digest()
        return Block(height, time, proposer.address, (first, *txs), block_hash)

    def beacon_of(self, height: int, proposer: Validator) -> bytes:
        """Return the beacon that a proposer's block would make."""
        previous = beacon.latest(self.chain.app._below()).value
        beta = proof_to_hash(prove(proposer.beacon_seed, beacon_input(CHAIN, previous, height)))
        return next_beacon(previous, height, beta)

    # Money

    def wealth(self, people: Sequence[Machine | Key]) -> int:
        """Return balances and bonds of some people."""
        store, total = self.store, 0
        for one in people:
            if isinstance(one, Key):
                total += bank.balance(store, one.address)
                continue
            total += bank.balance(store, one.operator.address) + bank.balance(store, one.hot.address)
            found = workers.find_worker(store, one.address)
            total += 0 if found is None else found.bond
        return total

    def bond(self, who: Machine) -> int:
        """Return a worker's bond."""
        return workers.worker(self.store, who.address).bond
