"""The one failure of every bounded queue."""


class Busy(Exception):
    """As much as is allowed is waiting already; trying again later helps."""
