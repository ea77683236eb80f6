"""Tiles: paths as C2SP writes them, and a tree appended to in pieces equals a tree built at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.audit import merkle, tiles


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ((0, 0, 256), "tile/0/000"),
        ((1, 5, 17), "tile/1/005.p/17"),
        ((0, 1234067, 256), "tile/0/x001/x234/067"),
        ((None, 999, 256), "tile/entries/999"),
        ((None, 1000, 3), "tile/entries/x001/000.p/3"),
    ],
)
def test_paths(address: tuple[int | None, int, int], path: str) -> None:
    assert tiles.tile_path(*address) == path
    assert tiles.parse_path(path.removeprefix("tile/")) == tiles.Address(*address)


@pytest.mark.parametrize(
    "path",
    ["0/0", "0/0000", "00/000", "64/000", "0/x000/000", "0/001/000", "0/000.p/0", "0/000.p/256", "0/000.p/01",
     "0/000.p/", "entry/000", "0/000/", "-1/000", "0/٠٠٠", "0/" + "x999/" * 30 + "000", "", "0/000.p/3.p/3"],
)  # fmt: skip
def test_paths_that_are_not_canonical(path: str) -> None:
    assert tiles.parse_path(path) is None


def test_a_tree_of_70000_is_cut_as_the_specification_says() -> None:
    found = [a for a in tiles.addresses(70_000) if a.level is not None]
    by_level = {level: [a.width for a in found if a.level == level] for level in range(4)}
    assert by_level[0] == [256] * 273 + [112]
    assert by_level[1] == [256, 17]
    assert by_level[2] == [1]
    assert by_level[3] == []
    assert [a.width for a in tiles.addresses(256) if a.level is not None] == [256, 1]


@given(st.lists(st.integers(0, 700), max_size=5))
@settings(max_examples=40, deadline=None)
def test_appending_in_pieces(pieces: list[int]) -> None:
    store: dict[tuple[int, int], bytes] = {}
    hashes: list[bytes] = []
    for count in pieces:
        writer = tiles.TileWriter(len(hashes), {key: store[key] for key in tiles.edge(len(hashes))})
        assert writer.root() == merkle.root_of(hashes)
        more = [merkle.leaf_hash(b"%d" % i) for i in range(len(hashes), len(hashes) + count)]
        writer.extend(more)
        hashes += more
        for key, data in writer.touched.items():
            assert data.startswith(store.get(key, b""))
            store[key] = data
        assert (writer.size, writer.root()) == (len(hashes), merkle.root_of(hashes))
    size = len(hashes)
    assert {(a.level, a.n): a.width * 32 for a in tiles.addresses(size) if a.level is not None} == {
        key: len(data) for key, data in store.items()
    }
    node = tiles.node_reader(store)
    for i in {0, size // 2, size - 1} & set(range(size)):
        path = [merkle.range_hash(lo, hi, node) for lo, hi in merkle.inclusion_ranges(i, size)]
        assert merkle.verify_inclusion(hashes[i], i, size, path, merkle.root_of(hashes))
    for old in {0, 1, size // 3, size}:
        path = [merkle.range_hash(lo, hi, node) for lo, hi in merkle.consistency_ranges(min(old, size), size)]
        assert merkle.verify_consistency(
            min(old, size), size, merkle.root_of(hashes[:old]), merkle.root_of(hashes), path
        )


def test_upper_levels_without_65536_leaves_each_time() -> None:
    hashes = [merkle.leaf_hash(b"%d" % i) for i in range(66_000)]
    writer = tiles.TileWriter(0, {})
    writer.extend(hashes)
    assert writer.root() == merkle.root_of(hashes)
    store = dict(writer.touched)
    writer = tiles.TileWriter(66_000, {key: store[key] for key in tiles.edge(66_000)})
    assert writer.root() == merkle.root_of(hashes)
    node = tiles.node_reader(store)
    path = [merkle.range_hash(lo, hi, node) for lo, hi in merkle.inclusion_ranges(65_535, 66_000)]
    assert merkle.verify_inclusion(hashes[65_535], 65_535, 66_000, path, writer.root())


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_bundles(leaves: list[bytes]) -> None:
    packed = tiles.pack_bundle(leaves)
    assert tiles.unpack_bundle(packed) == leaves
    if packed:
        with pytest.raises(ValueError, match="truncated"):
            tiles.unpack_bundle(packed[:-1] if leaves[-1] else packed + b"\0")
