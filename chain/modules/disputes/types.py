"""The nouns of the disputes module."""

from enum import IntEnum

from chain.modules.jobs.types import Job, Receipt, Unit
from chain.store.codec import record


class DisputeKind(IntEnum):
    """What differs."""

    UNSPECIFIED = 0
    TRACE = 1
    """A checker's roots differ from the asserter's."""
    HOP = 2
    """out_root of a stage is not what it signed for the next one, whose in_root says so."""
    CHALLENGE = 3
    """A worker that was not drawn says that a unit is false."""
    RECEIPT = 4
    """A stage signed a receipt that its commitment contradicts."""
    STOP = 5
    """The answer ends too early, or goes on after it should have ended."""
    WITHHELD = 7
    """The first or last stage did not supply the job's ids on demand, or supplied others."""
    SILENCE = 6
    """A stage did not open its seal although a check of it was revealed."""


class DisputeStatus(IntEnum):
    """Where a dispute stands."""

    UNSPECIFIED = 0
    OPEN = 1
    UNRESOLVED = 2
    """Its window passed; the job was refunded."""
    REFUTED = 3
    """The asserter was convicted; the job is run again."""
    UPHELD = 4
    """Nobody refuted the unit in time; the challenger was wrong."""
    VOID = 5
    """The unit's input was malformed, and whoever made it was convicted, if anybody."""
    OPENED = 6
    """The asserter opened its seal after all; being late costs R and its fee, and nothing else."""


@record
class Guilt:
    """Whom a dispute convicts, and by whom."""

    stage: int
    """Its asserter loses S."""
    winner: bytes
    """Who showed it; empty if the chain saw it by itself."""
    fees: int
    """uostr that the winner's moves have cost."""
    is_false: bool
    """The arithmetic convicts: whoever confirmed the unit was wrong as well."""


@record
class Dispute:
    """A disagreement; key: dispute_id."""

    dispute_id: int
    kind: DisputeKind
    job_id: int
    attempt: int
    stage: int
    asserter: bytes
    challenger: bytes
    """The checker, or for HOP the stage downstream."""
    asserter_body_root: bytes
    """Empty if the difference showed before the asserter opened."""
    asserter_out_root: bytes
    challenger_body_root: bytes
    challenger_out_root: bytes
    opened_height: int
    deadline: int
    status: DisputeStatus
    frozen: int
    """uostr that cannot move while the dispute is open: escrow and reserved bonds."""
    num_lines: int = 0
    num_open_lines: int = 0
    num_lost_lines: int = 0
    lines_until: int = 0
    """Last height at which a line may be opened, if no block is paused."""
    slashed: int = 0
    """uostr of bonds that were taken when it ended."""
    closed_height: int = 0
    deposit: int = 0
    """uostr of the challenger's bond at stake in a CHALLENGE; the challenger of a TRACE stakes S behind its check."""
    guilt: Guilt | None = None
    """Whom it convicts; S is taken when the attempt is over."""
    paused: int = 0
    """Paused blocks of the chain when `lines_until` was set; they do not count."""


class Round(IntEnum):
    """What a line is about to narrow down; rounds that have only one choice are skipped."""

    UNSPECIFIED = 0
    SECTIONS = 1
    """Which layer, or the checksums, or the tokens."""
    ITEMS = 2
    """Which K or V tree, or which row or output (or 256 of them)."""
    TREE_NODES = 3
    """Which 256 positions of a K or V tree."""
    NODE_ITEMS = 4
    """Which position or output among at most 256."""
    OPS = 5
    """Which operator of the item."""
    TILE_NODES = 6
    """Which 256 tiles of an operator with more than 256."""
    TILES = 7
    """Which tile of the operator's output."""
    VALUES = 8
    """Which element of a linear map's tile; chosen with the proof."""
    STEP = 9
    """Nothing is left to choose."""


class Turn(IntEnum):
    """Who moves next, and how."""

    UNSPECIFIED = 0
    REVEAL = 1
    """The asserter posts the digests of the round."""
    CHOOSE = 2
    """The challenger names the first that differs."""
    PROVE = 3
    """The challenger opens what the step reads."""
    OVER = 4


class Verdict(IntEnum):
    """What the last step showed."""

    UNSPECIFIED = 0
    REFUTED = 1
    """The asserter's step is wrong."""
    UPHELD = 2
    """The asserter's step is right: the challenger loses this line."""
    VOID_INPUT = 3
    """A row before the unit's first layer is malformed: the stage before is to blame."""
    VOID_PROMPT = 4
    """A prompt id is not in the vocabulary: the job is void, nobody is to blame but the requester."""
    VOID_TOKENS = 5
    """A fed id is not in the vocabulary: the last stage is to blame."""
    VOID_MODEL = 6
    """A tensor is malformed: the model is frozen."""


@record
class Bare:
    """What the first reveal uncovers: the job's blind, the seal's salt, the bare roots at both ends of the unit."""

    blind: bytes
    salt: bytes
    """Opens the seal; empty if the seal is open already."""
    in_section: bytes
    """H_{a-1}; empty at stage 0."""
    out_section: bytes
    """The last section."""


@record
class Reveal:
    """The asserter's move: what it committed to, one level further down."""

    round: Round
    digests: bytes = b""
    """32 bytes each, one behind another; they hash to a digest that is recorded."""
    lazy: bytes = b""
    """ITEMS: roots of the K trees, then of the V trees; bound from now on."""
    values: bytes = b""
    """VALUES: i32 each."""
    bare: Bare | None = None
    """SECTIONS only."""


@record
class Choice:
    """The challenger's move: the first digest of the last reveal that is not its own."""

    round: Round
    index: int
    digest: bytes
    siblings: bytes = b""
    """Digests that prove it under the recorded parent."""


@record
class Opening:
    """Consecutive leaves that a step reads, and the digests that lead to a recorded root."""

    bodies: tuple[bytes, ...]
    siblings: bytes = b""


@record
class Proof:
    """The challenger's last move: everything the disputed step reads, in the step's order."""

    openings: tuple[Opening, ...]
    element: int = 0
    """VALUES: which output of the linear map."""


@record
class Line:
    """One path of a dispute from the unit down to one step; places are one higher than the index, 0 means none."""

    round: Round
    turn: Turn
    blind: bytes = b""
    in_section: bytes = b""
    body_root: bytes = b""
    """Bare root of all sections but the last."""
    out_section: bytes = b""
    section: int = 0
    section_root: bytes = b""
    cache_root: bytes = b""
    """Root over the K and V trees of the chosen section."""
    tree: int = 0
    tree_root: bytes = b""
    node: int = 0
    node_root: bytes = b""
    item: int = 0
    item_digest: bytes = b""
    ops_root: bytes = b""
    op: int = 0
    op_digest: bytes = b""
    tile_node: int = 0
    tile_node_root: bytes = b""
    tile: int = 0
    tile_digest: bytes = b""


class PlayStatus(IntEnum):
    """Where a line stands."""

    UNSPECIFIED = 0
    OPEN = 1
    WON = 2
    """It refuted the unit, or the asserter was silent."""
    LOST = 3
    """Its opener was wrong or silent."""
    SILENT = 4
    """The asserter was silent, but others posted its list: the line waits for what becomes of those."""
    ENDED = 5
    """The dispute was decided elsewhere."""


@record
class Play:
    """One line of a dispute as it is played; key: (dispute, number)."""

    dispute_id: int
    number: int
    """0 is the line of the challenger."""
    opener: bytes
    """Operator whose line it is."""
    deposit: int
    """uostr of its opener's bond, or its author's, that it loses with the line."""
    line: Line
    asserter_left: int
    """Blocks on the asserter's clock."""
    challenger_left: int
    since: int
    """Height at which the present turn began."""
    paused: int
    """Paused blocks of the chain at that time; they are on nobody's clock."""
    deadline: int
    """Last height of the present turn, unless blocks are paused."""
    status: PlayStatus
    heights: tuple[int, ...] = ()
    """Height of the reveal of each round, from SECTIONS on; 0 if there was none."""
    fees: int = 0
    """uostr that the challenging side's moves have cost."""
    author: bytes = b""
    """Who posted the lazy list of this line in the asserter's place."""
    parent: int = 0
    """Number + 1 of the line whose list was posted; 0 if it is none of those."""
    verdict: Verdict = Verdict.UNSPECIFIED
    asserter_fees: int = 0
    """uostr that the asserter's moves have cost."""
    choice_heights: tuple[int, ...] = ()
    """Height of the choice of each round, from SECTIONS on; 0 if there was none."""
    proof_height: int = 0
    """Height of the proof; 0 if there was none."""


class PaymentReason(IntEnum):
    """What a part of a slash is for."""

    UNSPECIFIED = 0
    FORFEIT = 1
    """The part that is lost to the treasury whoever plays which side: at least three quarters."""
    MOVES = 2
    """What the winner's moves have cost."""
    WORK = 3
    """What another stage of the failed attempt did."""
    BOUNTY = 4
    """The reward of a checker that found the fault."""
    REMAINDER = 5
    """What nobody could claim: to the treasury."""
    CONFIRMATION = 6
    """S of a checker that confirmed what was refuted: to the treasury."""
    MISMATCH = 8
    """S of a checker that differed from a false unit as well, and lost its own line: to the treasury."""
    DEPOSIT = 7
    """The deposit behind a line, or a list, that was lost: to the treasury."""
    LATENESS = 9
    """R of an asserter that opened its seal only when a dispute asked for it: to the treasury."""


@record
class Payment:
    """One part of a bond that a dispute moved; key: (dispute, number in it)."""

    payer: bytes
    """Operator whose bond it came from."""
    recipient: bytes
    amount: int
    """uostr."""
    reason: PaymentReason
    height: int


@record
class ClosedDispute:
    """A dispute as it ended, with all that it was about: what the archive keeps of it."""

    dispute: Dispute
    lines: tuple[Play, ...]
    payments: tuple[Payment, ...]
    job: Job
    """As it was before anything followed from the dispute."""
    unit: Unit


@record
class Params:
    """Parameters of the game; a chain without them only freezes what is in dispute."""

    clock_blocks: int
    """Clock of each side of each line."""
    open_blocks: int
    """X_open: how long lines may be opened."""
    extension_blocks: int
    """w: how long at least others may open lines after one was lost, at most three times."""
    moves_per_block: int
    max_lines: int
    """Open lines of one unit."""
    max_attempts: int
    """Runs of one job, the first included."""
    witness_blocks: int = 0
    """How long a stage may take to supply a job's ids on demand."""


@record
class Pauses:
    """How many blocks had more moves than the limit, and this block's moves so far."""

    blocks: int
    height: int
    num_moves: int


@record
class MsgReveal:
    """The asserter's move; whoever knows the digests may post those that are bound already."""

    sender: str
    """Hot or operator address of a worker."""
    dispute_id: int
    number: int
    move: Reveal


@record
class MsgChoose:
    """The challenger's move, by the line's opener."""

    sender: str
    dispute_id: int
    number: int
    move: Choice


@record
class MsgProve:
    """The last step, by the line's opener, or by anybody if it convicts."""

    sender: str
    dispute_id: int
    number: int
    proof: Proof


@record
class MsgOpenLine:
    """Open another line by another choice at a recorded reveal."""

    sender: str
    dispute_id: int
    number: int
    """The line whose reveal is taken."""
    move: Choice


@record
class MsgPostLazy:
    """Post an unbound list in the place of a silent asserter, with a deposit."""

    sender: str
    dispute_id: int
    number: int
    move: Reveal


@record
class MsgChallenge:
    """Say with a deposit that a unit is false, although no drawn checker did."""

    sender: str
    """Hot or operator address of a worker."""
    job_id: int
    attempt: int
    stage: int
    body_root: bytes
    """On-chain forms of what the unit should have."""
    out_root: bytes


@record
class MsgChallengeResponse:
    """The dispute that it opened."""

    dispute_id: int
    deposit: int


class WitnessPart(IntEnum):
    """A part of a job's universal witness."""

    UNSPECIFIED = 0
    PROMPT = 1
    """Blind and prompt ids; the first stage owes them."""
    OUTPUT = 2
    """Blind and output ids; the last stage owes them."""


class DemandStatus(IntEnum):
    """Where a demand stands."""

    UNSPECIFIED = 0
    OWED = 1
    """A part is missing."""
    SUPPLIED = 2
    """Both boxes are in blocks."""
    LATE = 3
    """A part was not supplied in time; whoever owed it is convicted."""
    BAD = 4
    """A box held something else; whoever supplied it is convicted."""
    ACCUSED = 5
    """A right box was called bad; the demander's deposit is lost."""
    OVER = 6
    """The attempt is over."""


@record
class Demand:
    """A demand for a job's ids; key: demand_id."""

    demand_id: int
    job_id: int
    attempt: int
    stage: int
    """Of the unit that the demander wants to compute."""
    demander: bytes
    box_key: bytes
    """One-time X25519 key to which the answers are sealed."""
    deposit: int
    """uostr of the demander's bond."""
    opened_height: int
    deadline: int
    """Last height at which a part is taken."""
    status: DemandStatus
    is_outsider: bool
    """Neither eligible to check the unit nor a side of its dispute: it loses its deposit unless this convicts one."""
    cost: int
    """uostr that the demand has cost, gas and what it paid for the answers."""
    digests: tuple[bytes, ...]
    """SHA-256 of the boxes of prompt and output; empty while owed. The boxes are in blocks."""
    heights: tuple[int, ...]
    """Heights of those blocks."""
    suppliers: tuple[bytes, ...]
    """Operators that owe prompt and output."""


@record
class MsgDemandWitness:
    """Demand a job's ids, sealed to a one-time key, with a deposit."""

    sender: str
    """Hot or operator address of a worker."""
    job_id: int
    attempt: int
    stage: int
    box_key: bytes


@record
class MsgDemandWitnessResponse:
    """The demand and its terms."""

    demand_id: int
    deadline: int
    deposit: int


@record
class MsgSupplyWitness:
    """Answer a demand; the box stays in the block, state keeps its digest."""

    sender: str
    demand_id: int
    part: WitnessPart
    box: bytes


@record
class MsgRefuteWitness:
    """Show that a box holds something else, by publishing the one-time secret."""

    sender: str
    demand_id: int
    part: WitnessPart
    secret: bytes
    box: bytes
    """The box as it was supplied."""


@record
class MsgWitnessResponse:
    """The demand after the message."""

    status: DemandStatus


@record
class QueryDemandsRequest:
    """Ask for the demands that a worker owes or has made, or for those of a job."""

    address: str = ""
    """Operator or hot address; empty: `job_id` counts."""
    job_id: int = 0


@record
class DueDemand:
    """A demand with its job, whole enough to answer it without another query."""

    demand: Demand
    job: Job


@record
class QueryDemandsResponse:
    """Demands in ascending id."""

    height: int
    demands: tuple[DueDemand, ...]


@record
class MsgMoveResponse:
    """The line after the move."""

    number: int
    round: Round
    turn: Turn
    verdict: Verdict


# Claims: decided by the message that makes them


class Role(IntEnum):
    """How a stage signed a receipt."""

    UNSPECIFIED = 0
    SENDER = 1
    """As the one who sent the rows or tokens."""
    RECEIVER = 2
    """As the next stage, which confirmed that they came."""


@record
class Prefix:
    """The opening of the last item that a receipt covers, in the list that was committed to."""

    item: bytes
    """Digest of the row, or leaf of the token."""
    siblings: bytes
    """Digests that lead to the committed root; those on the left also give the root of the shorter list."""
    blind: bytes = b""
    """The job's, for rows, whose roots are hidden by it; empty for tokens."""


@record
class MsgClaimReceipt:
    """Show a receipt that contradicts what its signer has committed to."""

    sender: str
    """Any account."""
    job_id: int
    attempt: int
    stage: int
    """The stage that signed."""
    role: Role
    receipt: Receipt
    """With the signature of `stage`, whichever its role."""
    prefix: Prefix | None = None
    """Where the receipt covers less than everything."""


@record
class MsgClaimStop:
    """Open one token of an answer that ends where it may not."""

    sender: str
    """Any account."""
    job_id: int
    attempt: int
    index: int
    """j: a stop id that is not the last token, or the last token of a short answer that is no stop id."""
    leaf: bytes
    """salt (16 bytes), j and id (4 bytes each, little-endian)."""
    siblings: bytes
    """Digests that lead to tokens_root."""


@record
class MsgClaimBounds:
    """Open a row of a model's tensor that breaks a bound of its arithmetic."""

    sender: str
    """Any account."""
    model_root: bytes
    tensor: int
    """Place in the model's list; 0 is the header."""
    row: int
    opening: Opening
    """The row; its siblings in the tensor, then the tensor's in the model."""


@record
class MsgShowReceipt:
    """Show a final receipt while results are missing, late in a job's time."""

    sender: str
    """Any account."""
    job_id: int
    attempt: int
    stage: int
    """The stage that sent what the receipt counts."""
    receipt: Receipt
    """Final, with the signature of `stage`."""
    countersignature: bytes = b""
    """Of the next stage (behind the last one: stage 0) on the same bytes; empty if it has not confirmed them."""


@record
class MsgShowReceiptResponse:
    """The stages that are asserted by what was shown."""

    asserted: tuple[int, ...]


@record
class Shown:
    """What receipts say of a stage without a result; key: its unit."""

    in_root: bytes = b""
    """Root of what it has confirmed to have received: rows, at stage 0 tokens."""
    received: int = 0
    """T by that; 0 if it was not shown."""
    out_root: bytes = b""
    """Root of what it has signed to have sent."""
    sent: int = 0
    """T by that; 0 if it was not shown."""


@record
class Refunds:
    """How far the jobs of a frozen model are refunded; key: model_root."""

    before: int
    """Jobs with lower ids are still to be looked at."""


@record
class MsgClaimBoundsResponse:
    """The bound that is broken, in words."""

    rule: str


@record
class MsgClaimResponse:
    """The dispute that the claim has opened and ended."""

    dispute_id: int


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters; absent where the game is not played."""

    params: Params | None


@record
class QueryLinesRequest:
    """Ask for the lines of a dispute."""

    dispute_id: int


@record
class QueryLinesResponse:
    """Lines in ascending number."""

    lines: tuple[Play, ...]


class Side(IntEnum):
    """Whose move it is."""

    UNSPECIFIED = 0
    ASSERTER = 1
    CHALLENGER = 2


@record
class DueMove:
    """A move that a worker owes, whole enough to make it without another query."""

    side: Side
    deadline: int
    dispute: Dispute
    play: Play
    job: Job
    unit: Unit


@record
class QueryMovesRequest:
    """Ask for the moves that a worker owes."""

    address: str
    """Operator or hot address."""


@record
class QueryMovesResponse:
    """Moves by dispute and line, the most urgent not first."""

    height: int
    moves: tuple[DueMove, ...]


@record
class QueryDisputeRequest:
    """Ask for one dispute."""

    dispute_id: int


@record
class QueryDisputeResponse:
    """One dispute."""

    dispute: Dispute


@record
class QueryDisputesRequest:
    """Ask for disputes by job, worker, status and height, a page at a time; what is left out restricts nothing."""

    job_id: int = 0
    after: int = 0
    """Only ids above this one: `next_after` of the page before."""
    limit: int = 0
    worker: str = ""
    """Operator of either side."""
    status: DisputeStatus = DisputeStatus.UNSPECIFIED
    from_height: int = 0
    """Opened at this height or later."""
    to_height: int = 0
    """Opened at this height or before; 0 for no end."""


@record
class QueryDisputesResponse:
    """A page of disputes in ascending id."""

    disputes: tuple[Dispute, ...]
    next_after: int = 0
    """Where the next page begins; 0 if this is the last. A page may be short and not the last."""


@record
class QueryPaymentsRequest:
    """Ask where the money of a dispute went."""

    dispute_id: int


@record
class QueryPaymentsResponse:
    """Payments in the order in which they were made."""

    payments: tuple[Payment, ...]
