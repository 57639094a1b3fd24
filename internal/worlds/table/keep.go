package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/davit-sdk/davit/internal/worlds"
)

// kept is a file of cells that have been played, one JSON object a line, so that a long run can be
// stopped and gone on with. It does not know of changes of the code: remove it after one.
type kept struct {
	path  string
	cells map[played]cellResults
}

// played says what was played of a cell.
type played struct {
	World  string `json:"world"`
	Policy string `json:"policy"`
	First  uint64 `json:"first"`
	Seeds  int    `json:"seeds"`
}

// cellResults are the releases of one cell, and how long they took.
type cellResults struct {
	played
	Took    time.Duration   `json:"took"`
	Results []worlds.Result `json:"results"`
}

// openKept reads the file, if there is one. Without a path nothing is kept.
func openKept(path string) (*kept, error) {
	k := &kept{path: path, cells: map[played]cellResults{}}
	if path == "" {
		return k, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c cellResults
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		k.cells[c.played] = c
	}
	return k, lines.Err()
}

// add writes a cell down.
func (k *kept) add(c cellResults) error {
	k.cells[c.played] = c
	if k.path == "" {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(k.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Close())
}
