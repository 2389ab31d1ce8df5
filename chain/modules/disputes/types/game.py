"""The game: a line from a unit down to one step, and its moves."""

from enum import IntEnum

from chain.store.codec import record


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


class Side(IntEnum):
    """Whose move it is."""

    UNSPECIFIED = 0
    ASSERTER = 1
    CHALLENGER = 2
