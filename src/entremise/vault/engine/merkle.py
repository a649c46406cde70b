"""The Merkle tree of RFC 6962: one root stands for all the lines, a few hashes prove one of them, or an extension.

Leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ left ‖ right). Source: reference rules-vault-commons § 9.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

Leaves = Callable[[int, int], Iterable[bytes]]
"""`read(start, stop)`: the hashes of these leaves, in order. Called for a few ranges, never twice for one leaf."""


def leaf(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf and remembers only its perfect subtrees: about 20 hashes for a million leaves."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """`size` and `peaks` as another tree gave them; ValueError when they do not go together."""
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError("peaks and size do not go together")
        self.size = size
        self._peaks = list(peaks)

    def add(self, hashed: bytes) -> None:
        """Add the hash of one leaf."""
        below, peaks = self.size, self._peaks
        while below & 1:
            hashed = node(peaks.pop(), hashed)
            below >>= 1
        peaks.append(hashed)
        self.size += 1

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """What is needed to go on later: the roots of the perfect subtrees, the largest first."""
        return tuple(self._peaks)

    @property
    def root(self) -> bytes:
        """The root of the leaves added so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        *others, whole = self._peaks
        for peak in reversed(others):
            whole = node(peak, whole)
        return whole


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of these hashes."""
    tree = Tree()
    for hashed in leaves:
        tree.add(hashed)
    return tree.root


def _split(size: int) -> int:
    """The largest power of two below `size`, at least 2."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(read: Leaves, index: int, size: int) -> list[bytes]:
    """The path from one leaf to the root of the first `size`; ValueError when the leaf is not among them."""
    if not 0 <= index < size:
        raise ValueError("this leaf is not in the tree")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(root_of(read(middle, stop)))
            stop = middle
        else:
            path.append(root_of(read(start, middle)))
            start = middle
    return path[::-1]


def consistency(read: Leaves, older: int, size: int) -> list[bytes]:
    """The proof that the first `older` leaves are still the beginning of the first `size` (RFC 6962 § 2.1.2)."""
    if not 0 < older <= size:
        raise ValueError("the older tree is not a beginning of this one")
    proof: list[bytes] = []
    start, stop, whole = 0, size, True
    while older < stop:
        middle = start + _split(stop - start)
        if older <= middle:
            proof.append(root_of(read(middle, stop)))
            stop = middle
        else:
            proof.append(root_of(read(start, middle)))
            start, whole = middle, False
    if not whole:
        proof.append(root_of(read(start, stop)))
    return proof[::-1]


def includes(hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from this leaf to this root (RFC 9162 § 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last = size - 1
    for step in path:
        if not last:
            return False
        if index & 1 or index == last:
            hashed = node(step, hashed)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hashed = node(hashed, step)
        index, last = index >> 1, last >> 1
    return not last and hashed == root


def extends(older: int, older_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `size` leaves begins with the tree of `older` leaves (RFC 9162 § 2.1.4.2)."""
    if older == size:
        return not proof and older_root == root
    if not 0 < older < size or not proof:
        return False
    steps = list(proof)
    if older & (older - 1) == 0:
        steps.insert(0, older_root)
    index, last = older - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if index & 1 or index == last:
            before, after = node(step, before), node(step, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node(after, step)
        index, last = index >> 1, last >> 1
    return not last and before == older_root and after == root
