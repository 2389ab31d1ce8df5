"""Write one block into the trees: each touched page is read, changed and folded once."""

from chain.store.tree import (
    ID_SIZE,
    NO_NODE,
    REF_SIZE,
    Nodes,
    Page,
    children_of,
    encode_leaf,
    encode_page,
    fold,
    leaf_hash,
    path_of,
)


class Update:
    """The nodes that one block adds and those it makes stale; nothing is written until the owner does so.

    Ids come from a counter, so two runs over the same changes give the same records byte for byte.
    """

    def __init__(self, nodes: Nodes, last_id: int) -> None:
        self.last_id = last_id
        self.leaves: list[tuple[bytes, bytes]] = []
        """Records of new leaves by id."""
        self.pages: dict[bytes, Page] = {}
        """New pages by id."""
        self.stale: list[bytes] = []
        """Ids of committed nodes that the new version does not reach."""
        self._nodes = nodes
        self._paths: list[bytes] = []
        self._refs: list[bytes] = []
        self._existed: list[bool] = []

    def apply(self, root: bytes, changes: list[tuple[bytes, bytes | None, bool]]) -> bytes:
        """Return the new root of a tree.

        `changes` holds (key, value or None to delete, whether the key was present), sorted by key; deletions of absent
        keys must have been left out.
        """
        if not changes:
            return root
        new_leaf = self._leaf
        self._paths = [path_of(key) for key, _, _ in changes]
        self._refs = [NO_NODE if value is None else new_leaf(key, value) for key, value, _ in changes]
        self._existed = [existed for _, _, existed in changes]
        return self._update(root, 0, 0, len(changes))

    def records(self) -> list[tuple[bytes, bytes]]:
        """Return the records of all new nodes."""
        return self.leaves + [(node_id, encode_page(page)) for node_id, page in self.pages.items()]

    def _leaf(self, key: bytes, value: bytes) -> bytes:
        self.last_id += 1
        node_id = self.last_id.to_bytes(ID_SIZE, "big")
        self.leaves.append((node_id, encode_leaf(key, value)))
        return node_id + b"\0" + leaf_hash(key, value)

    def _page(self, page: Page, top: bytes) -> bytes:
        """Keep a new page whose top node is `top` = height | hash."""
        self.last_id += 1
        node_id = self.last_id.to_bytes(ID_SIZE, "big")
        self.pages[node_id] = page
        return node_id + top

    def _take(self, node_id: bytes) -> Page:
        """Return a page that the new version does without."""
        page = self.pages.pop(node_id, None)
        if page is None:
            self.stale.append(node_id)
            page = self._nodes.page(node_id)
        return page

    def _update(self, ref: bytes, depth: int, low: int, high: int) -> bytes:
        """Return the reference that replaces `ref` once changes low..high-1, all below it, are applied."""
        if not ref:
            return self._build([(self._paths[i], self._refs[i]) for i in range(low, high) if self._refs[i]], depth)
        if not ref[6]:
            return self._update_leaf(ref, depth, low, high)
        seg, symbols, nodes = self._take(ref[:6])
        paths = self._paths
        if seg:
            shared = min(_shared(seg, paths[low], depth), _shared(seg, paths[high - 1], depth))
            if shared < len(seg):
                # Some new key leaves inside `seg`: the page moves below a new branching symbol, its fold unchanged.
                nodes = self._page((seg[shared + 1 :], symbols, nodes), ref[6:])
                symbols = seg[shared : shared + 1]
                seg = seg[:shared]
        at = depth + len(seg)
        work = bytearray(nodes)
        changed = 0
        born: list[tuple[int, bytes]] = []
        died = 0
        first = low
        while first < high:
            symbol = paths[first][at]
            end = first + 1
            while end < high and paths[end][at] == symbol:
                end += 1
            slot = symbols.find(symbol)
            if slot < 0:
                born.append((symbol, self._update(NO_NODE, at + 1, first, end)))
            else:
                offset = slot * REF_SIZE
                child = nodes[offset : offset + REF_SIZE]
                if end - first == 1 and self._existed[first] and self._refs[first]:
                    child = self._replace(child, at + 1, paths[first], self._refs[first])
                else:
                    child = self._update(child, at + 1, first, end)
                if child:
                    work[offset : offset + REF_SIZE] = child
                    changed |= 1 << slot
                else:
                    died |= 1 << slot
            first = end
        if died or born:
            kept = enumerate(zip(symbols, children_of(symbols, work), strict=True))
            children = sorted([pair for slot, pair in kept if not died >> slot & 1] + born)
            symbols = bytes([symbol for symbol, _ in children])
            work = bytearray().join([child for _, child in children])
            if len(children) < 2:
                return self._lift(seg + symbols, bytes(work)) if children else NO_NODE
        top = fold(symbols, work, changed)
        return self._page((seg, symbols, bytes(work)), top)

    def _replace(self, ref: bytes, depth: int, path: bytes, leaf: bytes) -> bytes:
        """Return the reference that replaces `ref` once a key below it, known to be there, has a new leaf.

        The commonest change by far, and no page gains or loses a child: so this is a loop down and a loop up.
        """
        way: list[tuple[bytes, bytes, bytes, int]] = []
        while ref[6]:
            seg, symbols, nodes = self._take(ref[:6])
            depth += len(seg) + 1
            slot = symbols.index(path[depth - 1])
            way.append((seg, symbols, nodes, slot))
            ref = nodes[slot * REF_SIZE : (slot + 1) * REF_SIZE]
        self.stale.append(ref[:6])
        ref = leaf
        for seg, symbols, nodes, slot in reversed(way):
            work = bytearray(nodes)
            work[slot * REF_SIZE : (slot + 1) * REF_SIZE] = ref
            top = fold(symbols, work, 1 << slot)
            ref = self._page((seg, symbols, bytes(work)), top)
        return ref

    def _update_leaf(self, ref: bytes, depth: int, low: int, high: int) -> bytes:
        paths, refs = self._paths, self._refs
        items = [(paths[i], refs[i]) for i in range(low, high) if refs[i]]
        if True in self._existed[low:high]:
            # The only key below this slot is the leaf's own, so the leaf need not be read to know that it goes.
            self.stale.append(ref[:6])
        else:
            items.append((path_of(self._nodes.leaf(ref[:6])[0]), ref))
            items.sort()
        return self._build(items, depth)

    def _lift(self, above: bytes, ref: bytes) -> bytes:
        """Return an only child in place of its page; `above` is what its path gains."""
        if not ref[6]:
            return ref
        seg, symbols, nodes = self._take(ref[:6])
        return self._page((above + seg, symbols, nodes), ref[6:])

    def _build(self, items: list[tuple[bytes, bytes]], depth: int) -> bytes:
        """Return a tree over sorted (path, leaf reference), all equal in the first `depth` symbols."""
        if len(items) < 2:
            return items[0][1] if items else NO_NODE
        # Sorted: what the first and the last share, all share.
        first = items[0][0]
        shared = _shared(first[depth:], items[-1][0], depth)
        at = depth + shared
        symbols = bytearray()
        nodes = bytearray()
        start = 0
        while start < len(items):
            symbol = items[start][0][at]
            end = start + 1
            while end < len(items) and items[end][0][at] == symbol:
                end += 1
            symbols.append(symbol)
            nodes += self._build(items[start:end], at + 1) if end - start > 1 else items[start][1]
            start = end
        branching = bytes(symbols)
        top = fold(branching, nodes, -1)
        return self._page((first[depth:at], branching, bytes(nodes)), top)


def _shared(seg: bytes, path: bytes, depth: int) -> int:
    """Return how many symbols of `seg` the path follows from `depth` on."""
    if path.startswith(seg, depth):
        return len(seg)
    count = 0
    while seg[count] == path[depth + count]:
        count += 1
    return count
