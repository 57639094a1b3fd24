package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// content is what a folder holds, by the names and first lines of its files.
type content struct {
	packs     []*volume // from 1, without a gap
	segments  []*volume // those that count, in order, without a gap
	leftovers []string  // files that count for nothing
	problems  []error
}

// numbered reads the name of a segment or a pack.
func numbered(name string) (header, bool) {
	digits, kind, _ := strings.Cut(name, ".")
	n, err := strconv.ParseUint(digits, 10, 64)
	h := header{kind: kind, number: n}
	return h, err == nil && n > 0 && (kind == segmentKind || kind == packKind) && h.name() == name
}

// own reports whether a name without its ending is one that the journal gives.
func own(name string, cut bool) bool {
	_, ok := numbered(name)
	return cut && ok
}

// survey looks through a folder. An error that is no problem of one file ends it.
func survey(d disk) (*content, error) {
	names, err := d.List()
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	c := new(content)
	var segments []*volume
	for _, name := range names {
		h, ok := numbered(name)
		switch {
		case own(strings.CutSuffix(name, tempEnding)):
			c.leftovers = append(c.leftovers, name)
		case ok && h.kind == packKind:
			c.packs = append(c.packs, &volume{name: name, header: h, sealed: true})
		case ok:
			v, err := first(d, name, h)
			if err != nil {
				c.problems = append(c.problems, err)
			} else {
				segments = append(segments, v)
			}
		}
	}
	c.gaps(segments)
	return c, nil
}

// first reads the first line of a segment.
func first(d disk, name string, want header) (*volume, error) {
	f, err := d.Open(name, false, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	h, _, err := readHeader(name, &window{from: f, size: size, chunk: 256})
	if err != nil {
		return nil, err
	}
	if h.kind != want.kind || h.number != want.number {
		return nil, &CorruptError{File: name, Reason: "the first line is that of another file"}
	}
	return &volume{name: name, header: h, size: size}, nil
}

// gaps sorts out which segments count, and finds what is missing.
func (c *content) gaps(segments []*volume) {
	slices.SortFunc(segments, func(a, b *volume) int { return cmp.Compare(b.header.number, a.header.number) })
	var packs, expected uint64 // expected is the number that the next older one must have
	complete := false
	for i, v := range segments {
		h := v.header
		if complete || i > 0 && h.number > expected {
			c.leftovers = append(c.leftovers, v.name)
			continue
		}
		if i > 0 && h.number < expected {
			c.missing(header{kind: segmentKind, number: expected})
		}
		c.segments = append(c.segments, v)
		packs = max(packs, h.packs)
		expected = h.from - 1
		complete = expected == 0
	}
	switch {
	case len(segments) == 0 && len(c.packs) > 0:
		c.missing(header{kind: segmentKind, number: 1})
	case len(segments) > 0 && !complete:
		c.missing(header{kind: segmentKind, number: expected})
	}
	slices.Reverse(c.segments)
	next := uint64(1)
	for _, v := range c.packs {
		if v.header.number > next {
			c.missing(header{kind: packKind, number: next})
		}
		next = v.header.number + 1
	}
	if next <= packs {
		c.missing(header{kind: packKind, number: next})
	}
}

// missing notes a file that is not there. One that is there and damaged has been noted as such.
func (c *content) missing(h header) {
	for _, p := range c.problems {
		if damage := new(CorruptError); errors.As(p, &damage) && damage.File == h.name() {
			return
		}
	}
	c.problems = append(c.problems, &CorruptError{File: h.name(), Reason: "the file is missing"})
}

// load reads the folder.
func (j *Journal) load() error {
	c, err := survey(j.disk)
	if err != nil {
		return err
	}
	if len(c.problems) > 0 {
		return c.problems[0]
	}
	for _, v := range c.packs {
		if err := j.loadPack(v); err != nil {
			return err
		}
	}
	l := loading{journal: j, archived: make(map[string]*entry)}
	for i, v := range c.segments {
		if err := l.segment(v, i == len(c.segments)-1); err != nil {
			return err
		}
	}
	j.segments = c.segments
	for _, name := range c.leftovers {
		// It counts for nothing, here or not.
		if err := j.disk.Remove(name); err != nil {
			j.logger.Warn("a file that nobody needs any more could not be removed", "file", name, "error", err)
		}
	}
	// What is here now stays here, also where the journal before this one died before it could say so.
	return j.disk.Sync()
}

func (j *Journal) loadPack(v *volume) error {
	f, err := j.shelf.take(v)
	if err != nil {
		return err
	}
	defer j.shelf.give(v)
	if v.size, err = f.Size(); err != nil {
		return err
	}
	p, err := readPack(v, &window{from: f, size: v.size})
	if err != nil {
		return err
	}
	j.packs = append(j.packs, p)
	for _, a := range p.index {
		j.begun = max(j.begun, a.begun)
	}
	return nil
}

// loading reads segments, one after the other.
type loading struct {
	journal  *Journal
	archived map[string]*entry // releases that were found in packs
	link     link
	records  []record
	buf      []byte
}

func (l *loading) segment(v *volume, last bool) error {
	f, err := l.journal.disk.Open(v.name, last, false)
	if err != nil {
		return err
	}
	if last {
		if v.size, err = filled(f, v.size); err != nil {
			return errors.Join(fmt.Errorf("read %s: %w", v.name, err), f.Close())
		}
	}
	w := &window{from: f, size: v.size, buf: l.buf, chunk: 1 << 20}
	defer func() { l.buf = w.buf[:0] }()
	s, err := l.scan(v, w, last)
	if err != nil || !last {
		return errors.Join(err, f.Close())
	}
	l.journal.tail.file = f
	return l.journal.resume(v, s)
}

// scan reads a segment up to its end, or, in the last one, to the end of what is good.
func (l *loading) scan(v *volume, w *window, last bool) (*scan, error) {
	_, at, err := readHeader(v.name, w)
	if err != nil {
		return nil, err
	}
	s := &scan{name: v.name, w: w, at: at}
	for s.at < w.size && !s.ended {
		records, err := s.next(l.records)
		if damage := new(CorruptError); last && errors.As(err, &damage) {
			torn, problem := s.torn()
			if torn {
				l.journal.cutOff(s, damage)
				return s, nil
			}
			return nil, errors.Join(err, problem)
		}
		if err != nil {
			return nil, err
		}
		if err := l.commit(records, v, s.at); err != nil {
			return nil, err
		}
		l.records = records
	}
	switch {
	case s.ended && s.at < w.size:
		return nil, s.damage(s.at, "something follows the end of the file")
	case !s.ended && !last:
		return nil, s.damage(s.at, "the end is missing")
	}
	v.sealed = s.ended
	return s, nil
}

// commit takes the records of a commit up that ends there.
func (l *loading) commit(records []record, v *volume, end int64) error {
	at := end
	for _, r := range records {
		at -= int64(len(r.text))
	}
	for _, r := range records {
		if err := l.record(r, v, at); err != nil {
			return err
		}
		at += int64(len(r.text))
	}
	return nil
}

// record takes one up.
func (l *loading) record(r record, v *volume, at int64) error {
	j := l.journal
	e := j.entries[string(r.id)]
	if e == nil {
		e = l.archived[string(r.id)]
	}
	if e == nil && len(j.packs) > 0 {
		var err error
		if e, err = j.unpack(j.packs, r.id); err != nil {
			return err
		}
		if e != nil {
			l.archived[e.id] = e
		}
	}
	if e == nil {
		e = &entry{id: string(r.id), begun: r.begun}
	}
	if e.archived && r.last() <= e.last {
		return nil // a leftover
	}
	if err := e.next(r, &l.link); err != nil {
		return &CorruptError{File: v.name, Offset: at, Reason: err.Error()}
	}
	e.last, e.head, e.over, e.archived = r.last(), r.sum, r.over, false
	e.records = append(e.records, location{volume: v, at: at, first: r.first, size: int32(len(r.text))})
	v.live += int64(len(r.text))
	j.begun = max(j.begun, r.begun)
	j.entries[e.id] = e
	return nil
}

// next says why a record cannot be the release's next one.
func (e *entry) next(r record, l *link) error {
	switch {
	case r.first != e.last+1:
		return fmt.Errorf("release %q goes on with event %d after %d", e.id, r.first, e.last)
	case r.begun != e.begun:
		return fmt.Errorf("release %q is number %d, and was %d", e.id, r.begun, e.begun)
	case !l.follows(r, e.head):
		return fmt.Errorf("release %q: the hash of event %d does not follow from those before it", e.id, r.first)
	}
	return nil
}

// cutOff removes what a write left that never ended. Its bytes are kept aside, if there is room for them:
// they were never acknowledged, and going on is worth more than they are.
func (j *Journal) cutOff(s *scan, damage *CorruptError) {
	aside := fmt.Sprintf("%s.%d.torn", strings.TrimSuffix(s.name, "."+segmentKind), s.at)
	j.logger.Warn("a write that never ended is cut off", "file", s.name, "offset", s.at, "bytes", s.w.size-s.at,
		"reason", damage.Reason)
	if err := j.setAside(aside, s); err != nil {
		// A part of it would only mislead.
		err = errors.Join(err, j.disk.Remove(aside))
		j.logger.Warn("what is cut off could not be kept aside, and is lost", "file", aside, "error", err)
	}
}

func (j *Journal) setAside(name string, s *scan) error {
	f, err := j.disk.Open(name, true, true)
	if err != nil {
		return err
	}
	for at := s.at; at < s.w.size && err == nil; {
		var text []byte
		if text, err = s.w.rest(at, chunk); err == nil {
			_, err = f.WriteAt(text, at-s.at)
		}
		at += int64(len(text))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// resume makes the last segment ready to be written on. Its last commit may be in the memory of the
// system only, even where a sync of it has failed: so it is written again, and synced, before anything
// builds on it.
func (j *Journal) resume(v *volume, s *scan) error {
	f := j.tail.file
	size, err := f.Size()
	if err != nil {
		return err
	}
	if s.at < size {
		if err := f.Truncate(s.at); err != nil {
			return fmt.Errorf("cut %s off at %d: %w", v.name, s.at, err)
		}
	}
	v.size = s.at
	if s.last > 0 {
		text, err := s.w.view(s.last, int(s.at-s.last))
		if err == nil {
			_, err = f.WriteAt(text, s.last)
		}
		if err != nil {
			return fmt.Errorf("write the last commit of %s again: %w", v.name, err)
		}
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", v.name, err)
	}
	if s.ended {
		return j.tail.close()
	}
	j.tail.volume, j.tail.size, j.tail.commits, j.tail.signed = v, s.at, s.commits, s.signed
	j.tail.room.end = s.at
	return nil
}
