// Verifies an exported log with Go's own sumdb/note and sumdb/tlog, then flips bits of it in memory, one at a time, and
// verifies again. Usage: check_export DIR VERIFIER-KEY FLIPS. Prints what it did; ends with 1 where the log is not well or
// a flip went unnoticed.
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/ioutil"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type files map[string][]byte

func (f files) Height() int                            { return 8 }
func (f files) SaveTiles(tiles []tlog.Tile, d [][]byte) {}
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// Go's path names the height of the tiles, which C2SP tlog-tiles fixes at 8.
		data, ok := f["tile/"+strings.TrimPrefix(tile.Path(), "tile/8/")]
		if !ok || len(data) != tile.W*tlog.HashSize {
			return nil, errors.New("tile missing or of another length")
		}
		all = append(all, data)
	}
	return all, nil
}

func check(f files, verifiers note.Verifiers, origin string) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	signed, err := note.Open(f["checkpoint"], verifiers)
	if err != nil {
		return err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return errors.New("no checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return errors.New("size")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, f)
	for first := int64(0); first < size; first += 256 {
		width := int64(256)
		if size-first < width {
			width = size - first
		}
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: int(width)}
		bundle, ok := f["tile/entries/"+strings.TrimPrefix(tile.Path(), "tile/8/0/")]
		if !ok {
			return errors.New("bundle missing")
		}
		var indexes []int64
		for i := int64(0); i < width; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i := int64(0); i < width; i++ {
			if len(bundle) < 2 {
				return errors.New("bundle ends early")
			}
			length := int(bundle[0])<<8 | int(bundle[1])
			if len(bundle) < 2+length {
				return errors.New("bundle ends within an entry")
			}
			if tlog.RecordHash(bundle[2:2+length]) != hashes[i] {
				return fmt.Errorf("entry %d has another hash", first+i)
			}
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			return errors.New("bundle is too long")
		}
	}
	return nil
}

// flip changes one bit: of a bundle, a tile, the checkpoint's text or its decoded signature.
func flip(f files, name string, random *rand.Rand) files {
	changed := files{}
	for other, data := range f {
		changed[other] = data
	}
	data := append([]byte{}, f[name]...)
	if name == "checkpoint" {
		text := strings.Index(string(data), "\n\n") + 1
		if random.Intn(2) == 0 {
			data[random.Intn(text)] ^= 1 << uint(random.Intn(8))
		} else {
			line := strings.TrimSuffix(string(data[text+1:]), "\n")
			at := strings.LastIndex(line, " ") + 1
			signature, _ := base64.StdEncoding.DecodeString(line[at:])
			signature[4+random.Intn(len(signature)-4)] ^= 1 << uint(random.Intn(8))
			data = []byte(string(data[:text+1]) + line[:at] + base64.StdEncoding.EncodeToString(signature) + "\n")
		}
	} else {
		data[random.Intn(len(data))] ^= 1 << uint(random.Intn(8))
	}
	changed[name] = data
	return changed
}

func main() {
	dir, key := os.Args[1], os.Args[2]
	count, _ := strconv.Atoi(os.Args[3])
	verifier, err := note.NewVerifier(key)
	if err != nil {
		fmt.Println("key:", err)
		os.Exit(1)
	}
	f, names := files{}, []string{}
	filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			name, _ := filepath.Rel(dir, path)
			name = filepath.ToSlash(name)
			f[name], _ = ioutil.ReadFile(path)
			if name != "key" {
				names = append(names, name)
			}
		}
		return nil
	})
	verifiers := note.VerifierList(verifier)
	if err := check(f, verifiers, verifier.Name()); err != nil {
		fmt.Println("the log is not well:", err)
		os.Exit(1)
	}
	random, missed := rand.New(rand.NewSource(1)), 0
	for i := 0; i < count; i++ {
		name := names[random.Intn(len(names))]
		if check(flip(f, name, random), verifiers, verifier.Name()) == nil {
			fmt.Println("a flip went unnoticed in", name)
			missed++
		}
	}
	fmt.Printf("the log is well; %d flips, %d unnoticed\n", count, missed)
	if missed > 0 {
		os.Exit(1)
	}
}
