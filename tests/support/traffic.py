"""Seeded traffic for determinism: the same transfers, good and bad, in every run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from chain.modules.bank.types import Input, MsgMultiSend, MsgSend, Output
from tests.support.builders import Chain, coins, machine, new_chain


class Dice:
    """Numbers from SHA-256 of a counter; the standard library's generator may change between releases."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def below(self, bound: int) -> int:
        self._count += 1
        digest = hashlib.sha256(f"{self._seed}/{self._count}".encode()).digest()
        return int.from_bytes(digest, "big") % bound


def mixed_transactions(chain: Chain, dice: Dice, count: int) -> list[bytes]:
    """Transfers of which about a third are refused or fail: too much, wrong sequence, module accounts, junk."""
    txs = []
    for index in range(count):
        sender = chain.accounts[dice.below(len(chain.accounts))]
        recipient = chain.accounts[dice.below(len(chain.accounts))]
        fresh = machine(f"fresh {dice.below(1000)}")
        kind = dice.below(8)
        if kind == 0:
            txs.append(chain.tx(sender, MsgSend(sender.bech32, recipient.bech32, coins(10**17))))
        elif kind == 1:
            txs.append(
                chain.tx(sender, MsgSend(sender.bech32, fresh.bech32, coins(1 + dice.below(99))), sequence=index)
            )
        elif kind == 2:
            outputs = (Output(recipient.bech32, coins(3)), Output(fresh.bech32, coins(4)))
            txs.append(chain.tx(sender, MsgMultiSend((Input(sender.bech32, coins(7)),), outputs)))
        elif kind == 3:
            txs.append(chain.tx(sender, MsgSend(sender.bech32, "ostr1bad", coins(1)))[: 50 + dice.below(200)])
        else:
            amount = 1 + dice.below(1_000)
            txs.append(chain.tx(sender, MsgSend(sender.bech32, recipient.bech32, coins(amount))))
    return txs


def seeded_run(path: Path, blocks: int, restarts: Sequence[int] = ()) -> list[str]:
    """Run a chain and return its app hashes; restart after the named heights."""
    dice = Dice("traffic")
    with new_chain(path, num_validators=2) as chain:
        for _ in range(blocks):
            txs = mixed_transactions(chain, dice, 12)
            block = chain.block([*chain.propose().txs, *txs])
            chain.decide(block)
            if chain.height in restarts:
                chain.restart()
        chain.check_invariants()
        return [app_hash.hex() for app_hash in chain.app_hashes]


if __name__ == "__main__":
    import json
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(seeded_run(Path(folder), int(sys.argv[1]))))
