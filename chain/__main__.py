"""The application process of a node: `python -m chain --home HOME`.

Serves ABCI on the main thread and gRPC on a thread of its own. It is the only place that reads flags; everything else
is in the home. `ostrakad start` runs it beside CometBFT.
"""

import argparse
import logging
import sys
from pathlib import Path

from chain.abci.server import serve
from chain.app import KEPT_VERSIONS, App
from chain.config import find_beacon_seed, gas_price
from chain.node.home import load_home, read_app_config
from chain.rpc import server as rpc
from chain.store.database import DatabaseInUse

log = logging.getLogger("chain")


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or a failure and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chain", description="Run the application of a node.")
    parser.add_argument("--home", type=Path, required=True, help="the node's home directory")
    path: Path = parser.parse_args(arguments).home
    try:
        home, config = load_home(path), read_app_config(path)
        price, seed = gas_price(config.minimum_gas_prices), find_beacon_seed(path)
        logging.basicConfig(
            level=config.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
        )
        prune_every = 0 if config.history == "all" else KEPT_VERSIONS // 2
        app = App.open(path / "data", beacon_seed=seed, gas_price=price, prune_every=prune_every)
    except (OSError, ValueError, DatabaseInUse) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        server = rpc.start(app, config.grpc_address, home.rpc_url, minimum_gas_price=config.minimum_gas_prices)
    except (OSError, RuntimeError) as error:
        app.close()
        print(f"error: gRPC at {config.grpc_address}: {error}", file=sys.stderr)
        return 1
    try:
        log.info("version %d of state, listening at %s", app.store.version, home.app_address)
        return serve(app, home.app_address)
    finally:
        server.stop()
        app.close()


if __name__ == "__main__":
    sys.exit(main())
