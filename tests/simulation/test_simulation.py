"""Random traffic never breaks an invariant and never finds a bug in a handler."""

from hypothesis import HealthCheck, settings

from tests.simulation.machine import ChainMachine

ChainMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestChain = ChainMachine.TestCase
