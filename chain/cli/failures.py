"""Errors as people meet them: one sentence that says what is wrong, one that says what to do, one exit status."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from chain.client.failures import ClientError, NotCommitted, NotFound, Refused, Unavailable
from chain.node.comet_rpc import RpcError, RpcUnavailable
from chain.node.cometbft import CometBftMissing

EXIT_USAGE = 2
"""The command is spelled wrong (click's own)."""
EXIT_UNREACHABLE = 3
"""No node answers."""
EXIT_NOT_FOUND = 4
"""What was asked for does not exist."""
EXIT_REFUSED = 5
"""The chain refuses the transaction or the request."""
EXIT_UNPROVEN = 6
"""A proof or a signature does not hold."""
EXIT_LOCAL = 7
"""A file, key or setting on this machine is missing or wrong."""


class Failure(click.ClickException):
    """An error with advice."""

    def __init__(self, message: str, advice: str = "", exit_code: int = EXIT_LOCAL) -> None:
        super().__init__(message)
        self.advice = advice
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: object = None) -> None:
        """Print to stderr."""
        click.echo(f"error: {self.message}", err=True)
        if self.advice:
            click.echo(f"  try: {self.advice}", err=True)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what calls raise into a `Failure`."""
    try:
        yield
    except Unavailable as error:
        advice = "start the node (`ostrakad start`), or name another one with --node HOST:PORT"
        raise Failure(str(error), advice, EXIT_UNREACHABLE) from error
    except (RpcUnavailable, ConnectionError) as error:
        advice = "start the node (`ostrakad start`), or name another CometBFT with --rpc http://HOST:PORT"
        raise Failure(str(error), advice, EXIT_UNREACHABLE) from error
    except NotFound as error:
        raise Failure(str(error) or "not found", "", EXIT_NOT_FOUND) from error
    except NotCommitted as error:
        raise Failure(str(error), "send it again", EXIT_REFUSED) from error
    except Refused as error:
        raise Failure(str(error), "", EXIT_REFUSED) from error
    except (ClientError, RpcError) as error:
        raise Failure(
            str(error), "compare `ostrakad version` with the node's (`ostrakad status`)", EXIT_REFUSED
        ) from error
    except CometBftMissing as error:
        raise Failure(str(error), "python -m chain.node.cometbft builds it", EXIT_LOCAL) from error
