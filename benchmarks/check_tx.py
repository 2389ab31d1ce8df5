"""Signed transfers admitted to the mempool, on one core, paired with nothing but verifying their signatures.

    python -m benchmarks.check_tx [--accounts 4000] [--rounds 5]

Rounds alternate between the rival (verify the same signatures over the same bytes) and the work; the table shows the
least CPU time of each, which neighbours on the machine disturb least, and the median of what the work takes beside it.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chain.abci.server import GC_THRESHOLDS
from chain.application import CheckKind
from chain.client.signing import Key
from chain.crypto.keys import verify_ed25519, verify_secp256k1
from chain.envelope import decode_tx
from chain.modules.accounts import keeper as accounts
from chain.modules.bank.types import MsgSend
from chain.tx import VerifiedSignatures
from tests.support.builders import CHAIN_ID, Chain, coins, machine, new_chain, wallet


def cpu_us(work: Callable[[], object], count: int) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / count * 1e6


def transfers(chain: Chain, keys: Sequence[Key]) -> list[bytes]:
    targets = [*keys[1:], keys[0]]
    return [
        chain.tx(key, MsgSend(key.bech32, target.bech32, coins(1))) for key, target in zip(keys, targets, strict=True)
    ]


def measure(chain: Chain, name: str, keys: Sequence[Key], rounds: int) -> None:
    txs = transfers(chain, keys)
    app = chain.app
    signed = []
    for tx in txs:
        parsed = decode_tx(app._routes, tx)
        (signer,) = parsed.signers
        account = accounts.account(app.store, signer.address)
        signed.append((signer.key, parsed.sign_bytes(CHAIN_ID, account.number), signer.signature))
    verify = verify_secp256k1 if len(signed[0][0]) == 33 else verify_ed25519

    def bare() -> None:
        for key, message, signature in signed:
            assert verify(key, message, signature)

    def fresh() -> None:
        for tx in txs:
            assert app.check_tx(tx, CheckKind.NEW).code == 0

    samples: dict[str, list[float]] = {"verify": [], "check": [], "recheck": []}
    for _ in range(rounds):
        samples["verify"].append(cpu_us(bare, len(txs)))
        app._verified = VerifiedSignatures()
        app._check = app._fresh_check()
        samples["check"].append(cpu_us(fresh, len(txs)))
        app._check = app._fresh_check()
        samples["recheck"].append(cpu_us(fresh, len(txs)))
    least = {what: min(values) for what, values in samples.items()}
    rest = statistics.median(check - alone for check, alone in zip(samples["check"], samples["verify"], strict=True))
    print(
        f"| {name}, {len(txs[0])} bytes | {least['verify']:.1f} | {least['check']:.1f} "
        f"| {rest:.1f} | {1e6 / least['check']:,.0f} | {least['recheck']:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    kinds = {
        "secp256k1": [wallet(f"w{i}") for i in range(options.accounts)],
        "ed25519": [machine(f"m{i}") for i in range(options.accounts)],
    }
    print("| transfer | verify alone, us | CheckTx, us | the rest, us | CheckTx/s | recheck, us |")
    print("|---|---|---|---|---|---|")
    for name, keys in kinds.items():
        with tempfile.TemporaryDirectory() as folder, new_chain(Path(folder), keys=keys) as chain:
            chain.run_block()
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            measure(chain, name, keys, options.rounds)


if __name__ == "__main__":
    main()
