"""Whatever workers do, money and queues add up after every block."""

from hypothesis import HealthCheck, settings

from tests.simulation.work_machine import WorkMachine

WorkMachine.TestCase.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWork = WorkMachine.TestCase
