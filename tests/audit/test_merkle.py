"""RFC 6962 trees: known vectors, and properties at random sizes against the recursive definition of the RFC."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import assume, given
from hypothesis import strategies as st

from dancu.audit import merkle

# The tree of the reference implementation of Certificate Transparency (merkletree tests): leaves and roots by size.
LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _hashes(n: int) -> list[bytes]:
    return [merkle.leaf_hash(b"%d" % i) for i in range(n)]


def _rfc_root(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(_rfc_root(hashes[:k]), _rfc_root(hashes[k:]))


def _range(hashes: list[bytes]):  # type: ignore[no-untyped-def]
    def node(level: int, index: int) -> bytes:
        return _rfc_root(hashes[index << level : (index + 1) << level])

    return node


def test_known_roots() -> None:
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    hashes = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]
    assert [merkle.root_of(hashes[: n + 1]).hex() for n in range(8)] == ROOTS


def test_known_inclusion_path() -> None:
    # Leaf 5 of 8 in the same reference tree.
    hashes = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]
    path = [merkle.range_hash(lo, hi, _range(hashes)) for lo, hi in merkle.inclusion_ranges(5, 8)]
    assert [p.hex() for p in path] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.integers(0, 700))
def test_root_is_that_of_the_rfc(n: int) -> None:
    hashes = _hashes(n)
    assert merkle.root_of(hashes) == _rfc_root(hashes) == merkle.range_hash(0, n, _range(hashes))


@given(st.data())
def test_inclusion(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 300))
    i = data.draw(st.integers(0, n - 1))
    hashes = _hashes(n)
    root = merkle.root_of(hashes)
    path = [merkle.range_hash(lo, hi, _range(hashes)) for lo, hi in merkle.inclusion_ranges(i, n)]
    assert merkle.verify_inclusion(hashes[i], i, n, path, root)
    assert len(path) <= n.bit_length()
    # Another leaf, another place, another size, a shorter, longer or altered path: all refused.
    j = data.draw(st.integers(0, n + 3))
    assume(j != i)
    assert not merkle.verify_inclusion(hashes[i], j, n, path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"x"), i, n, path, root)
    assert not merkle.verify_inclusion(hashes[i], i, n, [*path, root], root)
    if path:
        assert not merkle.verify_inclusion(hashes[i], i, n, path[:-1], root)
        k = data.draw(st.integers(0, len(path) - 1))
        bad = [*path[:k], bytes([path[k][0] ^ 1]) + path[k][1:], *path[k + 1 :]]
        assert not merkle.verify_inclusion(hashes[i], i, n, bad, root)


@given(st.data())
def test_consistency(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(0, new))
    hashes = _hashes(new)
    old_root, new_root = merkle.root_of(hashes[:old]), merkle.root_of(hashes)
    path = [merkle.range_hash(lo, hi, _range(hashes)) for lo, hi in merkle.consistency_ranges(old, new)]
    assert merkle.verify_consistency(old, new, old_root, new_root, path)
    if 0 < old < new:
        other = merkle.root_of([*hashes[: old - 1], merkle.leaf_hash(b"x")])
        assert not merkle.verify_consistency(old, new, other, new_root, path)
        assert not merkle.verify_consistency(old, new, old_root, other, path)
        assert not merkle.verify_consistency(old, new, old_root, new_root, [*path, new_root])
        assert not merkle.verify_consistency(old, new, old_root, new_root, path[:-1])


def test_a_proof_outside_the_tree_is_refused() -> None:
    for index, size in ((5, 5), (-1, 3), (0, 0)):
        try:
            merkle.inclusion_ranges(index, size)
        except ValueError:
            continue
        raise AssertionError((index, size))
    assert not merkle.verify_consistency(3, 2, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
