"""Execute a chain's stored blocks again in a fresh application and compare every application hash with the headers."""

import json
from pathlib import Path

from chain.app import App, check_invariants
from chain.application import Block, InitChain, Timestamp, ValidatorUpdate
from chain.node.comet_rpc import CometRpc
from chain.node.light import genesis_validators


def replay(rpc: CometRpc, path: Path) -> int:
    """Execute all blocks from genesis; return the last height whose hash was compared.

    Raises: AssertionError naming the height where the chain and this execution part; InvariantBroken.
    """
    document = rpc.genesis()
    block_parameters = document["consensus_params"]["block"]
    first = rpc.block(1)
    app = App.open(path, sync=False)
    try:
        app.init_chain(
            InitChain(
                document["chain_id"],
                Timestamp(first.header.time.seconds, first.header.time.nanos),
                1,
                tuple(ValidatorUpdate(one.pub_key.ed25519, one.voting_power) for one in genesis_validators(document)),
                json.dumps(document["app_state"]).encode(),
                int(block_parameters["max_bytes"]),
                int(block_parameters["max_gas"]),
            )
        )
        last = rpc.status().latest_height
        expected = b""
        for height in range(1, last + 1):
            stored = rpc.block(height)
            if height > 1:
                assert stored.header.app_hash == expected, f"header {height} has another application hash"
            time = Timestamp(stored.header.time.seconds, stored.header.time.nanos)
            block = Block(height, time, stored.header.proposer_address, stored.txs, stored.hash)
            expected = app.finalize_block(block).app_hash
            app.commit()
        check_invariants(app.modules, app.snapshot())
        return last
    finally:
        app.close()
