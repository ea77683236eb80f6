// A judge that shares no code with us: opens an exported log with Go's sumdb/note and sumdb/tlog, recomputes every
// leaf hash and the root, and checks an inclusion and a consistency proof it computes from our tiles.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (f folder) Height() int                          { return 8 }
func (f folder) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}

// Go's tile paths are tile/8/<L>/<N>; C2SP's have no height and call data tiles "entries".
func (f folder) path(t tlog.Tile) string {
	return filepath.Join(string(f), strings.Replace(t.Path(), "tile/8/", "tile/", 1))
}

func (f folder) ReadTiles(tiles []tlog.Tile) (out [][]byte, err error) {
	for _, t := range tiles {
		data, err := os.ReadFile(f.path(t))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func must(err error) {
	if err != nil {
		fmt.Println("REFUTED:", err)
		os.Exit(1)
	}
}

func main() {
	dir := folder(os.Args[1])
	vkey, err := os.ReadFile(filepath.Join(os.Args[1], "vkey"))
	must(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	must(err)
	signed, err := os.ReadFile(filepath.Join(os.Args[1], "checkpoint"))
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	var root tlog.Hash
	copy(root[:], raw)

	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, dir)
	got, err := tlog.TreeHash(size, reader)
	must(err)
	if got != root {
		must(fmt.Errorf("root of tiles differs"))
	}
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: 8, L: -1, N: n, W: 256}
		if size-n*256 < 256 {
			tile.W = int(size - n*256)
		}
		data, err := os.ReadFile(strings.Replace(dir.path(tile), "tile/data/", "tile/entries/", 1))
		must(err)
		for k := 0; k < tile.W; k++ {
			length := int(binary.BigEndian.Uint16(data))
			more, err := tlog.StoredHashes(n*256+int64(k), data[2:2+length], hashes)
			must(err)
			stored = append(stored, more...)
			data = data[2+length:]
		}
	}
	rebuilt, err := tlog.TreeHash(size, hashes)
	must(err)
	if rebuilt != root {
		must(fmt.Errorf("root of entries differs"))
	}
	for _, index := range []int64{0, size / 2, size - 1} {
		proof, err := tlog.ProveRecord(size, index, reader)
		must(err)
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		must(err)
		must(tlog.CheckRecord(proof, size, root, index, leaf[0]))
	}
	old, err := tlog.TreeHash(size/3, hashes)
	must(err)
	tree, err := tlog.ProveTree(size, size/3, reader)
	must(err)
	must(tlog.CheckTree(tree, size, root, size/3, old))
	fmt.Println("SOUND", size)
}
