"""Entry point of `ostraka`."""

import click

from inference.challenge_cli import challenge
from inference.cli import join as create_worker
from inference.cli import worker
from inference.dispute_cli import dispute
from localnet.cli.asking import ask, chat
from localnet.cli.demo import demo
from localnet.cli.disputes import list_command, show_command
from localnet.cli.gateway import gateway
from localnet.cli.jobs import job
from localnet.cli.join import join
from localnet.cli.network import localnet


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ostraka", prog_name="ostraka")
def main() -> None:
    """Run, work for and ask an Ostraka network.

    \b
    Try it:
      ostraka demo                   a network, a question, and proof of what happened
      ostraka localnet up            the same network, kept
      ostraka ask "Why is ice slippery?"
      ostraka job show 1             what became of a question, proven
      ostraka dispute list           what workers disagreed about, and how it ended
      ostraka worker join            one more worker for it
    """


worker.add_command(create_worker, "create")
worker.add_command(join, "join")
dispute.add_command(list_command)
dispute.add_command(show_command)
dispute.add_command(challenge)
for command in (demo, localnet, ask, chat, job, dispute, gateway, worker):
    main.add_command(command)

if __name__ == "__main__":
    main()
