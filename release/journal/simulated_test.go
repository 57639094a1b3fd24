package journal_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/davit-sdk/davit/release/journal"
)

// simulated is a disk in memory that knows what would be left of it when the power fails: names last
// from a sync of the folder, bytes from a sync of their file. A sync that fails forgets what
// it should have written, as Linux does.
type simulated struct {
	mu      sync.Mutex
	names   map[string]*content // as programs see it
	lasting map[string]*content
	moved   bool         // the folder is no longer where it was
	free    func() error // whether somebody has the folder; nil: nobody
	// fault is asked before each operation. Of a write, so many bytes are written before the error.
	fault func(op, name string, bytes int) (int, error)
}

type content struct {
	data    []byte // as programs see it
	lasting []byte
	dirty   []change
}

// change is a write, or, without data, a truncation.
type change struct {
	at   int
	data []byte
}

func (c change) apply(to []byte) []byte {
	if c.data == nil {
		return append(slices.Clone(to[:min(c.at, len(to))]), make([]byte, max(0, c.at-len(to)))...)
	}
	if end := c.at + len(c.data); end > len(to) {
		to = append(to, make([]byte, end-len(to))...)
	}
	copy(to[c.at:], c.data)
	return to
}

var _ journal.Disk = (*simulated)(nil)

func newSimulated() *simulated {
	return &simulated{names: map[string]*content{}, lasting: map[string]*content{}}
}

func (d *simulated) ask(op, name string, bytes int) (int, error) {
	if d.fault == nil {
		return bytes, nil
	}
	return d.fault(op, name, bytes)
}

func (d *simulated) Enter(bool) error { return nil }

func (d *simulated) Stands(string, journal.File) error {
	if d.moved {
		return journal.ErrMoved
	}
	return nil
}

func (d *simulated) List() ([]string, error) {
	if _, err := d.ask("list", "", 0); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names)), nil
}

func (d *simulated) Open(name string, write, create bool) (journal.File, error) {
	op := "open"
	if create {
		op = "create"
	}
	if _, err := d.ask(op, name, 0); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.names[name]
	if c == nil && !create {
		return nil, fs.ErrNotExist
	}
	if c == nil {
		c = &content{}
		d.names[name] = c
	} else if create {
		c.data = nil
		c.dirty = append(c.dirty, change{})
	}
	return &simulatedFile{d, name, c, write}, nil
}

func (d *simulated) Rename(from, to string) error {
	if _, err := d.ask("rename", from, 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.names[from]
	if c == nil {
		return fs.ErrNotExist
	}
	d.names[to] = c
	delete(d.names, from)
	return nil
}

func (d *simulated) Remove(name string) error {
	if _, err := d.ask("remove", name, 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	delete(d.names, name)
	return nil
}

func (d *simulated) Sync() error {
	if _, err := d.ask("sync folder", "", 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lasting = maps.Clone(d.names)
	return nil
}

func (d *simulated) Lock() error  { return nil }
func (d *simulated) Leave() error { return nil }

func (d *simulated) Free() error {
	if d.free == nil {
		return nil
	}
	return d.free()
}

type simulatedFile struct {
	disk  *simulated
	name  string
	c     *content
	write bool
}

func (f *simulatedFile) ReadAt(p []byte, at int64) (int, error) {
	if _, err := f.disk.ask("read", f.name, len(p)); err != nil {
		return 0, err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if at >= int64(len(f.c.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.c.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *simulatedFile) WriteAt(p []byte, at int64) (int, error) {
	if !f.write {
		return 0, fs.ErrPermission
	}
	n, err := f.disk.ask("write", f.name, len(p))
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if n = min(n, len(p)); n > 0 {
		c := change{int(at), slices.Clone(p[:n])}
		f.c.data = c.apply(f.c.data)
		f.c.dirty = append(f.c.dirty, c)
	}
	return n, err
}

func (f *simulatedFile) Truncate(size int64) error {
	if _, err := f.disk.ask("truncate", f.name, 0); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	c := change{at: int(size)}
	f.c.data = c.apply(f.c.data)
	f.c.dirty = append(f.c.dirty, c)
	return nil
}

func (f *simulatedFile) Sync() error {
	_, err := f.disk.ask("sync", f.name, 0)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err == nil {
		f.c.lasting = slices.Clone(f.c.lasting)
		for _, c := range f.c.dirty {
			f.c.lasting = c.apply(f.c.lasting)
		}
	} else if errors.Is(err, errCrash) {
		return err
	}
	f.c.dirty = nil
	return err
}

func (f *simulatedFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.c.data)), nil
}

func (f *simulatedFile) Close() error { return nil }

var errCrash = errors.New("there is no process any more")

// after is a crash of some kind.
type after func(c *content, rng *rand.Rand) []byte

// killed: the process dies, the system goes on, and still knows what it has not written.
func (d *simulated) killed() *simulated {
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := map[*content]*content{}
	of := func(names map[string]*content) map[string]*content {
		out := map[string]*content{}
		for name, c := range names {
			if copies[c] == nil {
				copies[c] = &content{data: slices.Clone(c.data), lasting: slices.Clone(c.lasting), dirty: slices.Clone(c.dirty)}
			}
			out[name] = copies[c]
		}
		return out
	}
	return &simulated{names: of(d.names), lasting: of(d.lasting)}
}

// unpowered: the power fails. What was not synced is there or not, name by name, and piece by piece
// as the kind of crash says.
func (d *simulated) unpowered(kind after, rng *rand.Rand) *simulated {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := newSimulated()
	for _, name := range slices.Sorted(maps.Keys(merged(d.names, d.lasting))) {
		now, was := d.names[name], d.lasting[name]
		c := was
		if now != was && rng.IntN(2) == 0 {
			c = now
		}
		if c == nil {
			continue
		}
		data := kind(c, rng)
		both := &content{data: data, lasting: slices.Clone(data)}
		out.names[name], out.lasting[name] = both, both
	}
	return out
}

func merged(a, b map[string]*content) map[string]*content {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// forgotten: nothing that was not synced is there.
func forgotten(c *content, _ *rand.Rand) []byte { return slices.Clone(c.lasting) }

// zeroed: the file is as long as it was, with zeros for what was not synced.
func zeroed(c *content, _ *rand.Rand) []byte {
	return append(slices.Clone(c.lasting), make([]byte, max(0, len(c.data)-len(c.lasting)))...)
}

// mixed: of what was not synced, pieces are there, others are zeros, garbage, or what was there before.
func mixed(c *content, rng *rand.Rand) []byte {
	if len(c.dirty) == 0 {
		return slices.Clone(c.lasting)
	}
	size := []int{len(c.data), len(c.lasting), min(len(c.data), len(c.lasting)+rng.IntN(100))}[rng.IntN(3)]
	out := make([]byte, size)
	const piece = 32
	for at := 0; at < size; at += piece {
		to := out[at:min(at+piece, size)]
		switch end := at + len(to); {
		case end <= len(c.lasting) && end <= len(c.data) && string(c.lasting[at:end]) == string(c.data[at:end]):
			copy(to, c.data[at:end])
		case rng.IntN(2) == 0 && at < len(c.data):
			copy(to, c.data[at:])
		case at < len(c.lasting):
			copy(to, c.lasting[at:])
		case rng.IntN(2) == 0:
			for i := range to {
				to[i] = byte(rng.Uint32())
			}
		}
	}
	// What was synced and not changed since is there.
	for i := range min(len(c.lasting), size) {
		if i < len(c.data) && c.data[i] == c.lasting[i] {
			out[i] = c.lasting[i]
		}
	}
	return out
}
