"""The three kinds of failure, and the table of reasons for the first kind."""

from enum import IntEnum


class Code(IntEnum):
    """Why a transaction was rejected; the number is consensus, its text is not, and a number is never reused.

    Numbers below 100 are those of the Cosmos SDK's codespace `sdk`, which wallets know by heart.
    Numbers from 100 up are ours, codespace `ostraka`.
    """

    OK = 0
    """The transaction took effect."""
    INTERNAL = 1
    """A handler failed unexpectedly; the transaction was rolled back. Always a bug of ours."""
    TX_DECODE = 2
    """The bytes are not a transaction: truncated, unknown field, wrong wire type."""
    UNAUTHORIZED = 4
    """A signature is wrong, or the signer may not do this."""
    INSUFFICIENT_FUNDS = 5
    """The account holds less than the transaction needs."""
    UNKNOWN_REQUEST = 6
    """No module handles this message or query."""
    INVALID_ADDRESS = 7
    """An address is malformed or has the wrong prefix."""
    INVALID_PUBKEY = 8
    """A public key is malformed, of an unknown type, or not the account's."""
    UNKNOWN_ADDRESS = 9
    """The account does not exist."""
    INVALID_COINS = 10
    """A coin amount is malformed, negative, zero or of an unknown denomination."""
    OUT_OF_GAS = 11
    """The transaction used more gas than its limit."""
    MEMO_TOO_LARGE = 12
    """The memo exceeds the limit."""
    INSUFFICIENT_FEE = 13
    """The fee is below the gas price."""
    TOO_MANY_SIGNATURES = 14
    """More signers than allowed."""
    NO_SIGNATURES = 15
    """The transaction carries no signature."""
    INVALID_REQUEST = 18
    """A field breaks a rule that needs no state."""
    TX_TOO_LARGE = 21
    """The transaction exceeds the size limit."""
    INVALID_CHAIN_ID = 28
    """The transaction was made for another chain."""
    TX_TIMEOUT_HEIGHT = 30
    """The transaction's timeout height has passed."""
    WRONG_SEQUENCE = 32
    """The sequence is not the account's next one."""
    NOT_FOUND = 38
    """What was asked for does not exist."""

    # 100–119 general
    INVALID_PROOF = 100
    """A VRF proof, proof of possession or Merkle opening does not verify."""
    BEACON_TRANSACTION = 101
    """A beacon transaction may only stand first in a block; it is never taken from the pool."""
    TOO_MANY_MESSAGES = 102
    """More messages in one transaction than allowed."""

    # 120–139 models
    UNKNOWN_MODEL = 120
    """No such model is registered."""
    MODEL_EXISTS = 121
    """The model is registered already."""
    MODEL_INVALID = 122
    """The model record breaks a bound of the numeric version."""
    MODEL_FROZEN = 123
    """The model takes no new jobs."""

    # 140–169 workers
    UNKNOWN_WORKER = 140
    """The operator has not registered a worker."""
    WORKER_EXISTS = 141
    """The operator has registered already."""
    WORKER_NOT_ACTIVE = 142
    """The worker is jailed, draining or unbonded."""
    BOND_TOO_SMALL = 143
    """The bond is below the minimum or the free part does not suffice."""
    BOND_LOCKED = 144
    """Bond cannot leave while anything of its owner is open."""
    ALREADY_ENROLLED = 145
    """The same enrolment exists."""
    NOT_ENROLLED = 146
    """The worker is not enrolled for this model and role."""
    RANGE_INVALID = 147
    """A layer range is empty, out of bounds or cuts where the model may not be cut."""
    KEY_IN_USE = 148
    """A hot, VRF or box key belongs to another worker."""

    # 170–189 plans
    PLAN_INVALID = 170
    """The plan does not cover the model by the rules; the detail names the broken one."""
    PLAN_EXISTS = 171
    """An equal plan is live."""
    PLAN_NOT_BETTER = 172
    """The live plans are at their limit and this one has no lower bottleneck."""
    TOO_FEW_CHECKERS = 173
    """Too few eligible checkers stand outside the plan."""

    # 190–229 jobs
    NO_LIVE_PLAN = 190
    """No plan is live for the model."""
    VALUE_TOO_LARGE = 191
    """The declared value cannot be covered; the detail names the largest that is accepted."""
    ESCROW_TOO_SMALL = 192
    """`max_escrow` is below what the job needs; the detail names it."""
    CONTEXT_TOO_LONG = 193
    """Prompt plus limit exceed what the model or the chain takes."""
    UNKNOWN_JOB = 194
    """No such job."""
    JOB_NOT_OPEN = 195
    """The job does not take this any more, or not yet."""
    NOT_ASSIGNED = 196
    """The sender has no part in this unit."""
    ALREADY_SUBMITTED = 197
    """One commitment per unit and author, ever."""
    WRONG_INPUT = 198
    """in_root is not what the upstream stage signed."""
    WRONG_COUNT = 199
    """T or the revision is not the job's."""
    RECEIPT_INVALID = 200
    """The upstream's final receipt is missing, malformed or not signed by it."""
    SAMPLER_INVALID = 201
    """The sampler specification breaks its bounds."""

    # 230–259 sampling
    UNKNOWN_ROUND = 230
    """No such round."""
    WINDOW_CLOSED = 231
    """The window for this is not open: too early or too late."""
    NOT_ELIGIBLE = 232
    """The worker is not among the unit's eligible checkers."""
    ALREADY_COMMITTED = 233
    """The checker has committed to this unit."""
    NOT_COMMITTED = 234
    """There is no commitment to reveal."""
    SEAL_MISMATCH = 235
    """The opening does not give the sealed value."""
    ALREADY_REVEALED = 236
    """The commitment has been revealed."""
    NOTHING_TO_OPEN = 237
    """Nobody has revealed against this unit."""
    PROOF_ALREADY_OPENED = 238
    """The worker's epoch proof is on the chain."""
    NOT_DUE = 239
    """The worker owes no proof for that epoch."""
    CHECK_CAPACITY = 240
    """The eligible checkers cannot take more work in time."""

    CANARY_INVALID = 350
    """A baited seal whose bait is the truth."""
    NOT_A_CANARY = 351
    """The draw of the epoch's canaries has not taken this unit."""

    # 260–279 disputes
    UNKNOWN_DISPUTE = 260
    """No such dispute."""
    NOT_YOUR_TURN = 261
    """The line waits for the other side, or for another kind of move."""
    WRONG_ROUND = 262
    """The line is at another round."""
    REVEAL_INVALID = 263
    """What was revealed does not hash to what the asserter committed to, or has another form."""
    CHOICE_INVALID = 264
    """The chosen digest does not stand at that place of what was revealed."""
    PROOF_INVALID = 265
    """An opening of the last step is missing, too much, or leads to nothing that is recorded."""
    NOT_PLAYED = 266
    """This chain only freezes what is in dispute, or this dispute has no lines."""
    UNKNOWN_LINE = 267
    """The dispute has no such line."""
    LINE_OVER = 268
    """The line, or its dispute, is decided."""
    CLOCK_OUT = 269
    """The mover's clock has run out."""
    NOT_YOUR_LINE = 270
    """Only the line's asserter, or its opener, may make this move."""
    TOO_MANY_MOVES = 271
    """The block has taken as many moves as it may; clocks stand still."""
    TOO_MANY_LINES = 272
    """The unit has as many open lines as it may."""
    LINES_CLOSED = 273
    """No more lines are opened against this unit."""
    TOO_EARLY = 274
    """The asserter's own time is not over."""

    # 320–329 claims
    CLAIM_EARLY = 320
    """The unit has committed to nothing yet."""
    CLAIM_LATE = 321
    """The unit is final, or its attempt is over, or its asserter is convicted."""
    EVIDENCE_INVALID = 322
    """A signature or an opening of a claim does not verify, or is of something else."""
    NO_CONTRADICTION = 323
    """The evidence is genuine and agrees with what was committed."""
    NOTHING_SHOWN = 325
    """The receipt says nothing that is not known of a stage without a result."""
    CANCEL_INVALID = 324
    """A cancel comes with another stage's result, or is not one for its number of tokens."""

    # 330–339 challenges and withheld input
    NOTHING_DIFFERS = 330
    """The challenge names the roots that the unit has."""
    ALREADY_CHALLENGED = 331
    """The sender has a challenge against this unit."""
    TOO_MANY_CHALLENGES = 332
    """The sender, or the unit, has as many open challenges as it may."""
    ALREADY_DEMANDED = 333
    """The sender has demanded the ids of this attempt."""
    TOO_MANY_DEMANDS = 334
    """The job's stages owe as many answers as they may at a time; try again in a few blocks."""
    KEY_INVALID = 335
    """Nothing can be sealed to the key, or the secret is not that of the key."""
    UNKNOWN_DEMAND = 336
    """No such demand."""
    ALREADY_SUPPLIED = 337
    """The part is supplied."""
    BOX_INVALID = 338
    """The box has not the size of what it should hold, or is not the one that was supplied."""
    NOT_DEMANDED = 339
    """The part is not supplied, or the demand is not the sender's."""

    # 340–349 duties and penalties
    PROOF_NOT_OPEN = 340
    """The worker's epoch proof is not on the chain yet, so nobody can verify its ticket."""
    ALREADY_CLAIMED = 341
    """The duty was claimed, or the seal shown, before."""
    DUTY_MET = 342
    """The worker was not drawn, or did what it was drawn for."""
    PENALTY_CAP = 343
    """This epoch has taken as much for absence as it may; claim again in the next one."""
    OWN_SEAL = 344
    """Nobody is paid for showing its own seal."""

    @property
    def codespace(self) -> str:
        """The namespace CometBFT reports beside the number."""
        if self == Code.OK:
            return ""
        return "sdk" if self < 100 else "ostraka"


class Rejected(Exception):
    """The transaction broke a rule: its writes are dropped and the block goes on."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code.name}: {detail}")
        self.code = code
        self.detail = detail


class InvariantBroken(Exception):
    """State contradicts itself: nobody catches this and the node stops."""
