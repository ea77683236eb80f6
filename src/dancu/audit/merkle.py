"""Merkle trees of RFC 6962 §2.1 / RFC 9162 §2.1 over SHA-256: hashing, proofs, verification. Pure.

A subtree is named by the range [lo, hi) of leaves below it. A *node* (level, index) is the complete subtree over
[index·2^level, (index+1)·2^level). Proofs are computed from nodes only, so whoever stores nodes (tiles.py) needs no
leaves: ask `inclusion_ranges` or `consistency_ranges` what is needed, fetch `nodes_of` them, fold with `range_hash`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over 2^k sibling hashes (k ≥ 0)."""
    row = list(hashes)
    while len(row) > 1:
        # Inlined node_hash: closing a tile is the inner loop of the sequencer.
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


class CompactRange:
    """The roots of the complete subtrees of a growing tree: O(log n) memory, append in amortised O(1)."""

    __slots__ = ("size", "stack")

    def __init__(self) -> None:
        self.size = 0
        self.stack: list[bytes] = []

    def append(self, hashed_leaf: bytes) -> None:
        n = self.size
        while n & 1:
            hashed_leaf = node_hash(self.stack.pop(), hashed_leaf)
            n >>= 1
        self.stack.append(hashed_leaf)
        self.size += 1

    def root(self) -> bytes:
        """Root hash of the tree so far; EMPTY_ROOT when nothing was appended."""
        if not self.stack:
            return EMPTY_ROOT
        root = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root hash of a whole tree given its leaf hashes."""
    tree = CompactRange()
    for hashed in leaf_hashes:
        tree.append(hashed)
    return tree.root()


def nodes_of(lo: int, hi: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees (level, index) that cover [lo, hi), left to right, largest first."""
    while lo < hi:
        level = (hi - lo).bit_length() - 1
        yield level, lo >> level
        lo += 1 << level


def range_hash(lo: int, hi: int, node: NodeReader) -> bytes:
    """Merkle hash of the subtree [lo, hi) of some tree; `lo` must be aligned as RFC 6962 splits are."""
    hashes = [node(level, index) for level, index in nodes_of(lo, hi)]
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _split(lo: int, hi: int) -> int:
    """Where RFC 6962 splits [lo, hi): the largest power of two smaller than its width, after lo."""
    return lo + (1 << ((hi - lo - 1).bit_length() - 1))


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Ranges whose hashes are the inclusion path of leaf `index` in the tree of `size`, leaf to root."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    lo, hi = 0, size
    path: list[tuple[int, int]] = []
    while hi - lo > 1:
        middle = _split(lo, hi)
        if index < middle:
            path.append((middle, hi))
            hi = middle
        else:
            path.append((lo, middle))
            lo = middle
    path.reverse()
    return path


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Ranges whose hashes prove that the tree of `old` leaves is a prefix of the tree of `new`. Empty where they are
    equal or the old tree is empty."""
    if not 0 <= old <= new:
        raise ValueError(f"{old} is not a prefix of {new}")
    if old in (0, new):
        return []
    lo, hi = 0, new
    path: list[tuple[int, int]] = []
    complete = True  # the old tree is still a whole subtree on our way down its right edge
    while hi != old:
        middle = _split(lo, hi)
        if old <= middle:
            path.append((middle, hi))
            hi = middle
        else:
            path.append((lo, middle))
            lo = middle
            complete = False
    if not complete:
        path.append((lo, hi))
    path.reverse()
    return path


def verify_inclusion(hashed_leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    fn, sn, computed = index, size - 1, hashed_leaf
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            computed = node_hash(computed, sibling)
        fn >>= 1
        sn >>= 1
    return sn == 0 and computed == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2. The empty tree is a prefix of every tree."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old == new:
        return not path and old_root == new_root
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    from_old = from_new = hashes[0]
    for sibling in hashes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            from_old = node_hash(sibling, from_old)
            from_new = node_hash(sibling, from_new)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            from_new = node_hash(from_new, sibling)
        fn >>= 1
        sn >>= 1
    return sn == 0 and from_old == old_root and from_new == new_root
