// Command verify checks a transparency log with nothing but the code that Go's own checksum database uses
// (golang.org/x/mod/sumdb/note and tlog): a verifier that the writer of the log did not write.
//
//	verify -dir LOGDIR -vkey VKEY [-origin ORIGIN] [-since OLDCHECKPOINT] [-min N]
//
// It checks the signature of the checkpoint, every entry against the tiles, every tile against the signed root, inclusion
// proofs of a sample, consistency with an old checkpoint, and with those in LOGDIR/checkpoints.log if there is one. It prints
// "OK size=… root=…" and exits with 0, or prints the first fault and exits with 6; 2 is wrong usage.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight   = 8
	tileWidth    = 1 << tileHeight
	noteBytesMax = 1 << 20
	// A full bundle of the longest entries.
	fileBytesMax = tileWidth * (2 + 65535)
	samples      = 64
)

func main() {
	dir := flag.String("dir", "", "folder of the log")
	vkey := flag.String("vkey", "", "verifier key of the log, as name+id+base64")
	origin := flag.String("origin", "", "first line of the log's checkpoints (default: the name of the key)")
	since := flag.String("since", "", "file with a checkpoint that was kept")
	min := flag.Int64("min", 0, "first entry that must be there; those before may be pruned")
	flag.Parse()
	if *dir == "" || *vkey == "" || *min < 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	key, err := note.NewVerifier(*vkey)
	if err != nil {
		fmt.Println("cannot use -vkey:", err)
		os.Exit(2)
	}
	if *origin == "" {
		*origin = key.Name()
	}
	l := &log{dir: *dir, origin: *origin, key: key, min: *min}
	if err := l.verify(*since); err != nil {
		fmt.Println("FAULT", err)
		os.Exit(6)
	}
	fmt.Printf("OK size=%d root=%s entries=%d checkpoints=%d\n", l.tree.N, l.tree.Hash, l.entries, l.checkpoints)
}

type log struct {
	dir    string
	origin string
	key    note.Verifier
	min    int64

	tree        tlog.Tree
	hashes      tlog.HashReader
	entries     int64
	checkpoints int
}

func (l *log) verify(since string) error {
	text, err := readFile(filepath.Join(l.dir, "checkpoint"), noteBytesMax)
	if err != nil {
		return err
	}
	if l.tree, err = l.open(text); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if l.min > l.tree.N {
		return fmt.Errorf("checkpoint: size %d is less than -min", l.tree.N)
	}
	if since != "" {
		if err := l.checkSince(since); err != nil {
			return fmt.Errorf("since: %w", err)
		}
	}
	if l.tree.N == 0 {
		return l.checkEmpty()
	}
	l.hashes = tlog.TileHashReader(l.tree, &tileFiles{dir: l.dir})
	for begin := l.min / tileWidth * tileWidth; begin < l.tree.N; begin += tileWidth {
		if err := l.checkBundle(begin); err != nil {
			return err
		}
	}
	if err := l.checkSamples(); err != nil {
		return err
	}
	return l.checkHistory()
}

// open checks the signature of a checkpoint and parses it; nothing but the one allowed form passes.
func (l *log) open(signed []byte) (tree tlog.Tree, err error) {
	opened, err := note.Open(signed, note.VerifierList(l.key))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return tree, errors.New("has fewer than three lines")
	}
	if lines[0] != l.origin {
		return tree, fmt.Errorf("is of %q", lines[0])
	}
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			return tree, errors.New("has an empty line")
		}
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tree, fmt.Errorf("has no valid size: %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize || base64.StdEncoding.EncodeToString(root) != lines[2] {
		return tree, fmt.Errorf("has no valid root: %q", lines[2])
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return tree, nil
}

// checkSince demands that the log is the one of the kept checkpoint, grown or the same.
func (l *log) checkSince(path string) error {
	kept, err := readFile(path, noteBytesMax)
	if err != nil {
		return err
	}
	old, err := l.open(kept)
	if err != nil {
		return err
	}
	return l.checkContains(old)
}

func (l *log) checkContains(old tlog.Tree) error {
	switch {
	case old.N > l.tree.N:
		return fmt.Errorf("rolled back: a checkpoint of size %d was kept, the log's is of %d", old.N, l.tree.N)
	case old.N == 0:
		// The empty tree is a beginning of every tree.
		return nil
	case old.N == l.tree.N:
		if old.Hash != l.tree.Hash {
			return fmt.Errorf("forked: two roots for size %d", old.N)
		}
		return nil
	}
	reader := tlog.TileHashReader(l.tree, &tileFiles{dir: l.dir})
	proof, err := tlog.ProveTree(l.tree.N, old.N, reader)
	if err != nil {
		return fmt.Errorf("no proof from size %d: %w", old.N, err)
	}
	if err := tlog.CheckTree(proof, l.tree.N, l.tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("forked: not consistent with size %d: %w", old.N, err)
	}
	return nil
}

func (l *log) checkEmpty() error {
	// RFC 6962 has the hash of nothing here; older versions of x/mod have zeros.
	if l.tree.Hash != sha256.Sum256(nil) {
		return errors.New("checkpoint: the root of the empty log is wrong")
	}
	return nil
}

// checkBundle recomputes the leaf hashes of up to 256 entries and compares them with the tiles, which the reader has compared
// with the root.
func (l *log) checkBundle(begin int64) error {
	width := l.tree.N - begin
	if width > tileWidth {
		width = tileWidth
	}
	path := "tile/entries/" + strings.TrimPrefix(tlog.Tile{H: tileHeight, L: 0, N: begin / tileWidth, W: int(width)}.Path(), "tile/8/0/")
	bundle, isFull, err := readPartial(l.dir, path)
	if err != nil {
		return fmt.Errorf("entries from %d: %w", begin, err)
	}
	indexes := make([]int64, width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, begin+int64(i))
	}
	proven, err := l.hashes.ReadHashes(indexes)
	if err != nil {
		return fmt.Errorf("tiles of entries from %d: %w", begin, err)
	}
	rest := bundle
	for i := range indexes {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return fmt.Errorf("%s: entry %d is cut off", path, begin+int64(i))
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		if tlog.RecordHash(rest[2:end]) != proven[i] {
			return fmt.Errorf("%s: entry %d is not the one whose hash is in the tree", path, begin+int64(i))
		}
		rest = rest[end:]
		l.entries++
	}
	if len(rest) > 0 && (width == tileWidth || !isFull) {
		return fmt.Errorf("%s: %d bytes follow the last entry", path, len(rest))
	}
	return nil
}

// checkSamples proves the inclusion of the first, the last, and entries in between, as a client would.
func (l *log) checkSamples() error {
	step := (l.tree.N-l.min)/samples + 1
	for at := l.min; at < l.tree.N; at += step {
		if err := l.checkInclusion(at); err != nil {
			return err
		}
	}
	return l.checkInclusion(l.tree.N - 1)
}

func (l *log) checkInclusion(at int64) error {
	proof, err := tlog.ProveRecord(l.tree.N, at, l.hashes)
	if err != nil {
		return fmt.Errorf("no inclusion proof of entry %d: %w", at, err)
	}
	leaf, err := l.hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, at, leaf[0]); err != nil {
		return fmt.Errorf("inclusion of entry %d: %w", at, err)
	}
	return nil
}

// checkHistory reads checkpoints.log (u32be length, note, u32be crc32, …) if there is one; every checkpoint in it that does not
// lie in the pruned part must be a beginning of the log.
func (l *log) checkHistory() error {
	file, err := os.Open(filepath.Join(l.dir, "checkpoints.log"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		signed, err := readFramed(file)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("checkpoints.log: number %d: %w", l.checkpoints, err)
		}
		old, err := l.open(signed)
		if err != nil {
			return fmt.Errorf("checkpoints.log: number %d: %w", l.checkpoints, err)
		}
		if old.N >= l.min {
			if err := l.checkContains(old); err != nil {
				return fmt.Errorf("checkpoints.log: number %d: %w", l.checkpoints, err)
			}
		}
		l.checkpoints++
	}
}

func readFramed(from io.Reader) ([]byte, error) {
	var number [4]byte
	if _, err := io.ReadFull(from, number[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(number[:])
	if length > noteBytesMax {
		return nil, errors.New("is too long")
	}
	signed := make([]byte, length)
	if _, err := io.ReadFull(from, signed); err != nil {
		return nil, errors.New("is cut off")
	}
	if _, err := io.ReadFull(from, number[:]); err != nil {
		return nil, errors.New("is cut off")
	}
	if crc32.ChecksumIEEE(signed) != binary.BigEndian.Uint32(number[:]) {
		return nil, errors.New("has another crc32")
	}
	return signed, nil
}

// tileFiles reads tiles from c2sp.org/tlog-tiles paths; Go's own paths have the height in them.
type tileFiles struct{ dir string }

func (t *tileFiles) Height() int { return tileHeight }

func (t *tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	content := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		hashes, isFull, err := readPartial(t.dir, path)
		if err != nil {
			return nil, err
		}
		width := tile.W * tlog.HashSize
		if isFull && len(hashes) == tileWidth*tlog.HashSize {
			hashes = hashes[:width]
		}
		if len(hashes) != width {
			return nil, fmt.Errorf("%s: %d bytes instead of %d", path, len(hashes), width)
		}
		content[i] = hashes
	}
	return content, nil
}

// readPartial reads a file; where it is a partial one that is gone, the full one that has replaced it.
func readPartial(dir, path string) (content []byte, isFull bool, err error) {
	content, err = readFile(filepath.Join(dir, filepath.FromSlash(path)), fileBytesMax)
	full, _, isPartial := strings.Cut(path, ".p/")
	if !errors.Is(err, os.ErrNotExist) || !isPartial {
		return content, !isPartial, err
	}
	content, err = readFile(filepath.Join(dir, filepath.FromSlash(full)), fileBytesMax)
	return content, true, err
}

func readFile(path string, bytesMax int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var content bytes.Buffer
	if _, err := io.Copy(&content, io.LimitReader(file, bytesMax+1)); err != nil {
		return nil, err
	}
	if int64(content.Len()) > bytesMax {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, bytesMax)
	}
	return content.Bytes(), nil
}
