"""What can go wrong between a client and a node."""


class ClientError(Exception):
    """A node could not be asked, or said no."""


class Unavailable(ClientError, ConnectionError):
    """The node did not answer within the bounded retries; asking again later may help."""


class NotFound(ClientError, LookupError):
    """What was asked for does not exist at the node's height."""


class Refused(ClientError):
    """The node understood the call and refuses it; asking again gives the same answer."""


class Malformed(ClientError):
    """The answer does not have the form both sides agreed on: versions differ, or the node is not honest."""


class NotCommitted(ClientError, TimeoutError):
    """The transaction's last height has passed without it; it can never be committed any more."""
