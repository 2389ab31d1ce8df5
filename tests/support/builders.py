"""A chain in one process: the real App on a real Store, blocks driven without sockets.

with new_chain(tmp_path) as chain:
    alice, bob = chain.accounts[:2]
    result = chain.run(chain.tx(alice, MsgSend(alice.bech32, bob.bech32, coins(5))))
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chain.app import App, check_invariants
from chain.application import Block, CheckKind, FinalizeResult, InitChain, Timestamp, TxResult, ValidatorUpdate
from chain.client.signing import Key, build_tx
from chain.crypto.keys import ed25519_address, ed25519_public_key
from chain.genesis import beacon_key, build_genesis
from chain.modules.accounts import keeper as accounts
from chain.modules.bank import keeper as bank
from chain.modules.bank.types import DENOM, Coin
from chain.parameters import LOCALNET, OSTR, ParameterSet
from tests.support.bonds import bonds_of, require_on_record

CHAIN_ID = "test-chain"
GENESIS_SECONDS = 1_700_000_000
MAX_TX_BYTES = 2 * 1024 * 1024
GAS = 1_000_000
FEE = 100


def coins(amount: int, denom: str = DENOM) -> tuple[Coin, ...]:
    """One coin as messages carry it."""
    return (Coin(denom, str(amount)),)


def seed(name: str) -> bytes:
    """A secret that is the same in every run."""
    return hashlib.sha256(name.encode()).digest()


@cache
def wallet(name: str) -> Key:
    """A secp256k1 account."""
    return Key.secp256k1(seed(name))


@cache
def machine(name: str) -> Key:
    """An ed25519 account."""
    return Key.ed25519(seed(name))


@dataclass(frozen=True)
class Validator:
    """A validator's two secrets."""

    consensus_seed: bytes
    beacon_seed: bytes

    @property
    def public_key(self) -> bytes:
        return ed25519_public_key(self.consensus_seed)

    @property
    def address(self) -> bytes:
        return ed25519_address(self.public_key)


def validator(index: int) -> Validator:
    return Validator(seed(f"consensus {index}"), seed(f"beacon {index}"))


@dataclass
class Chain:
    """An App, and CometBFT's part played by the test."""

    path: Path
    genesis: InitChain
    accounts: tuple[Key, ...]
    validators: tuple[Validator, ...]
    settings: Mapping[str, Any]
    app: App = field(init=False)
    height: int = 0
    last: FinalizeResult | None = None
    app_hashes: list[bytes] = field(default_factory=list)
    """By height, from height 1."""
    blocks: list[Block] = field(default_factory=list)
    """All of them, for those who execute them again."""
    results: list[FinalizeResult] = field(default_factory=list)
    """By height, from height 1, for those who read events."""

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Open the databases; a fresh one gets genesis, as CometBFT's handshake does it."""
        self.app = App.open(self.path, beacon_seed=self.validators[0].beacon_seed, **self.settings)
        if self.app.info().last_block_height == 0:
            self.app.init_chain(self.genesis)

    def restart(self) -> None:
        """Close and open again, as after a clean stop."""
        self.app.close()
        self.open()

    def tx(
        self,
        key: Key,
        *messages: object,
        sequence: int | None = None,
        gas: int = GAS,
        fee: int = FEE,
        chain_id: str = CHAIN_ID,
        memo: str = "",
        timeout_height: int = 0,
    ) -> bytes:
        """A signed transaction; the sequence is read from committed state unless given."""
        account = accounts.find_account(self.app._below(), key.address)
        number, current = (account.number, account.sequence) if account else (0, 0)
        return build_tx(
            key,
            messages,
            chain_id=chain_id,
            account_number=number,
            sequence=current if sequence is None else sequence,
            gas=gas,
            fee=fee,
            memo=memo,
            timeout_height=timeout_height,
        )

    def check(self, tx: bytes, kind: CheckKind = CheckKind.NEW) -> TxResult:
        return self.app.check_tx(tx, kind)

    def block(self, txs: Sequence[bytes] = (), height: int | None = None) -> Block:
        """The next block without our beacon transaction."""
        height = self.height + 1 if height is None else height
        time = Timestamp(GENESIS_SECONDS + height)
        block_hash = hashlib.sha256(b"block %d" % height).digest()
        return Block(height, time, self.validators[0].address, tuple(txs), block_hash)

    def propose(self, txs: Sequence[bytes] = (), max_tx_bytes: int = MAX_TX_BYTES) -> Block:
        """The next block as our own proposer makes it."""
        block = self.block(txs)
        return self.block(self.app.prepare_proposal(block, max_tx_bytes))

    def finalize(self, block: Block) -> FinalizeResult:
        """Judge, execute and commit a block."""
        assert self.app.process_proposal(block), "our own proposal is refused"
        return self.decide(block)

    def decide(self, block: Block) -> FinalizeResult:
        """Execute and commit a block that others decided, whatever we think of it."""
        before = bonds_of(self.app._below())
        self.last = self.app.finalize_block(block)
        self.app.commit()
        require_on_record(before, self.app._below(), self.last, block.height)
        self.height = block.height
        self.app_hashes.append(self.last.app_hash)
        self.blocks.append(block)
        self.results.append(self.last)
        return self.last

    def run_block(self, txs: Sequence[bytes] = ()) -> tuple[TxResult, ...]:
        """Propose, execute and commit the next block; returns the results without the beacon's."""
        return self.finalize(self.propose(txs)).tx_results[1:]

    def run(self, tx: bytes) -> TxResult:
        """Run a block with this one transaction and return its result."""
        (result,) = self.run_block([tx])
        return result

    def send(self, key: Key, *messages: object, **options: Any) -> TxResult:
        """Sign these messages, run a block with them and return the result."""
        return self.run(self.tx(key, *messages, **options))

    def run_until(self, height: int) -> None:
        """Run empty blocks up to and including this height."""
        while self.height < height:
            self.run_block()

    def balance(self, key: Key | bytes, denom: str = DENOM) -> int:
        address = key if isinstance(key, bytes) else key.address
        return bank.balance(self.app._below(), address, denom)

    def query(self, request: object, method: str) -> Any:
        """Ask a module's query and return its response record."""
        route = self.app.queries.methods[method]
        return route.function(self.app.snapshot(), request)

    def check_invariants(self) -> None:
        check_invariants(self.app.modules, self.app.snapshot())


def make_genesis(
    balances: Mapping[str, int],
    *,
    parameters: ParameterSet = LOCALNET,
    num_validators: int = 1,
    check_pool: int = 10 * OSTR,
    models: Sequence[Mapping[str, Any]] = (),
    change: Callable[[dict[str, Any]], None] | None = None,
    chain_id: str = CHAIN_ID,
) -> InitChain:
    """Genesis as CometBFT hands it over; `change` may edit the app state first."""
    validators = [validator(index) for index in range(num_validators)]
    keys = [beacon_key(chain_id, one.public_key, one.beacon_seed) for one in validators]
    app_state = build_genesis(parameters, balances, beacon_keys=keys, check_pool=check_pool, models=models)
    if change is not None:
        change(app_state)
    return InitChain(
        chain_id,
        Timestamp(GENESIS_SECONDS),
        1,
        tuple(ValidatorUpdate(one.public_key, 10) for one in validators),
        json.dumps(app_state).encode(),
        parameters.block_max_bytes,
        parameters.block_max_gas,
    )


@contextmanager
def new_chain(
    path: Path,
    *,
    keys: Sequence[Key] | None = None,
    balance: int = 1_000 * OSTR,
    num_validators: int = 1,
    settings: Mapping[str, Any] | None = None,
    **genesis: Any,
) -> Iterator[Chain]:
    """A chain at height 0 whose `accounts` hold `balance` each: two wallets and two machines unless given."""
    if keys is None:
        keys = (wallet("alice"), wallet("bob"), machine("carol"), machine("dave"))
    init = make_genesis({key.bech32: balance for key in keys}, num_validators=num_validators, **genesis)
    validators = tuple(validator(index) for index in range(num_validators))
    chain = Chain(path, init, tuple(keys), validators, {"sync": False, **(settings or {})})
    try:
        yield chain
    finally:
        chain.app.close()
