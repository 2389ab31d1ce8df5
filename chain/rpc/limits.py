"""What one client, and all of them together, may ask of the server."""

MAX_REQUEST_BYTES = 1024 * 1024
"""Largest message taken: a transaction has at most 128 KiB, a model's registration is the largest of them."""
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Largest message sent: a page of 1,000 records, or the notice of a full block."""
MAX_CONCURRENT_CALLS = 1_024
"""Calls in progress, streams included; further ones are refused at once."""
MAX_STREAMS_PER_CONNECTION = 128
"""Calls in progress on one connection; further ones wait in the client."""
MAX_FOLLOWERS = 512
"""Open streams of blocks."""
MAX_SIMULATIONS = 2
"""Simulations at a time: they share the interpreter with the execution of blocks."""
MAX_WAITING_SIMULATIONS = 32
"""Simulations that wait for their turn; further ones are refused."""
MAX_COMET_CALLS = 16
"""Requests to CometBFT at a time; CometBFT answers a broadcast in about 10 ms, bound by its flush interval."""
MAX_WAITING_COMET_CALLS = 1_000
"""Requests that wait for CometBFT; further ones are refused."""
COMET_SECONDS = 8.0
"""How long CometBFT may take; below the client's own deadline, so that the reason reaches it."""
FOLLOW_WRITE_SECONDS = 30.0
"""How long a follower may leave one block unread before its stream is ended."""
MAX_HISTORY_PAGE = 1_000
"""Archived records in one answer."""
DEFAULT_HISTORY_PAGE = 100
"""Archived records in one answer if the request does not say."""
MAX_HISTORY_BYTES = 8 * 1024 * 1024
"""Bytes of archived records in one answer."""
