"""The reasons for which a worker refuses a frame or a call, as named errors with a sentence."""

from enum import Enum

import grpc

_CODES = grpc.StatusCode


class Refusal(Enum):
    """Why; the name begins the gRPC status detail. Values are a number that tells members apart and the status code."""

    UNKNOWN_JOB = 1, _CODES.NOT_FOUND
    """The node shows no such job in progress, also after waiting."""
    NOT_ASSIGNED = 2, _CODES.FAILED_PRECONDITION
    """This worker has no such part in the job."""
    WRONG_BLIND = 3, _CODES.PERMISSION_DENIED
    """The blind is not the one the job commits to."""
    WRONG_PROMPT = 4, _CODES.INVALID_ARGUMENT
    """The ids are not the prompt the job commits to."""
    WRONG_SIGNATURE = 5, _CODES.UNAUTHENTICATED
    """The signature is not that of the key it should be."""
    FRAME_INVALID = 6, _CODES.INVALID_ARGUMENT
    """A frame is malformed, too large or not expected now."""
    ROW_NOT_CANONICAL = 7, _CODES.INVALID_ARGUMENT
    """A row is not in the one form its values have."""
    OUT_OF_ORDER = 8, _CODES.OUT_OF_RANGE
    """Rows or tokens do not continue where the last ones ended."""
    TOO_LONG = 9, _CODES.OUT_OF_RANGE
    """More positions or tokens than the job has."""
    RECEIPT_INVALID = 10, _CODES.FAILED_PRECONDITION
    """A receipt does not say what was received, or contradicts an earlier one."""
    BUSY = 11, _CODES.RESOURCE_EXHAUSTED
    """As much is going on as this worker takes; try again later."""
    NOT_READY = 12, _CODES.UNAVAILABLE
    """The worker is starting; try again."""
    NOT_ELIGIBLE = 13, _CODES.PERMISSION_DENIED
    """The caller may not check this unit."""
    TOO_EARLY = 14, _CODES.FAILED_PRECONDITION
    """The draw is not public yet."""
    NOT_KEPT = 15, _CODES.NOT_FOUND
    """This worker does not hold what is asked for."""
    OVER = 16, _CODES.ABORTED
    """The job ended while the call was open."""

    @property
    def status(self) -> grpc.StatusCode:
        """Return the gRPC status code."""
        return self.value[1]


class Refused(Exception):
    """A frame or call is refused; the worker goes on."""

    def __init__(self, refusal: Refusal, sentence: str) -> None:
        super().__init__(f"{refusal.name}: {sentence}")
        self.refusal = refusal
        self.sentence = sentence


def refusal_name(detail: str | None) -> str:
    """Return the name of the refusal in a gRPC status detail, or an empty string."""
    name = (detail or "").partition(":")[0]
    return name if name in Refusal.__members__ else ""
