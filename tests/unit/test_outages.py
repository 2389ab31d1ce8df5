"""What excuses a missed duty in the tests that kill workers."""

from tests.support.outages import NEEDED_BLOCKS, Miss, Outage


def test_only_an_outage_that_leaves_too_little_of_a_window_excuses() -> None:
    miss = Miss("a", "a check", ((101, 120),))
    longest = 20 - NEEDED_BLOCKS
    assert not miss.is_excused_by([])
    assert not miss.is_excused_by([Outage("a", 101, 100 + longest)])
    assert miss.is_excused_by([Outage("a", 101, 101 + longest)])
    assert not miss.is_excused_by([Outage("b", 101, 120)]), "another worker's"
    assert not miss.is_excused_by([Outage("a", 60, 100), Outage("a", 121, 160)]), "before and after the window"
    assert miss.is_excused_by([Outage("a", 90, 108), Outage("a", 113, 130)]), "two outages"
    assert not Miss("a", "a false result", ()).is_excused_by([Outage("a", 1, 1_000)])
