"""A chain under random traffic: Hypothesis chooses messages, every module's invariants are checked after each block.

A module joins by a factory in `FACTORIES`: it sees the chain and draws messages with their signer. Whatever it draws,
good or bad, must leave every invariant standing and every transaction with a code other than INTERNAL.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chain.client.signing import Key
from chain.errors import Code
from chain.modules.accounts import keeper as accounts
from tests.simulation.bank_traffic import draw_bank
from tests.support.builders import Chain, machine, make_genesis, validator, wallet

Draw = Callable[[st.DataObject, Chain], tuple[Key, list[object]]]
"""Draws the messages of one transaction and who signs it."""

FACTORIES: list[Draw] = [draw_bank]
"""One per module that takes messages."""
ACCOUNTS = (wallet("alice"), wallet("bob"), machine("carol"), machine("dave"))
BALANCE = 10**12


class ChainMachine(RuleBasedStateMachine):
    """Blocks of drawn transactions, with restarts in between."""

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp(prefix="ostraka-simulation-"))
        genesis = make_genesis({key.bech32: BALANCE for key in ACCOUNTS})
        self.chain = Chain(self.path, genesis, ACCOUNTS, (validator(0),), {"sync": False})
        self.pending: list[bytes] = []
        self.sequences: dict[bytes, int] = {}
        self.chain.run_block()

    @rule(data=st.data())
    def add_transaction(self, data: st.DataObject) -> None:
        factory = data.draw(st.sampled_from(FACTORIES))
        key, messages = factory(data, self.chain)
        account = accounts.find_account(self.chain.app.store, key.address)
        known = self.sequences.get(key.address, account.sequence if account else 0)
        tx = self.chain.tx(key, *messages, sequence=known)
        if self.chain.check(tx).code == 0:
            self.sequences[key.address] = known + 1
        self.pending.append(tx)

    @rule()
    def run_block(self) -> None:
        results = self.chain.run_block(self.pending)
        assert all(result.code != Code.INTERNAL for result in results)
        self.pending, self.sequences = [], {}

    @rule()
    def restart(self) -> None:
        before = self.chain.app.info()
        self.chain.restart()
        assert self.chain.app.info() == before
        self.sequences = {}

    @invariant()
    def every_module_holds(self) -> None:
        self.chain.check_invariants()

    def teardown(self) -> None:
        self.chain.app.close()
        shutil.rmtree(self.path)
