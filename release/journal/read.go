package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"

	"github.com/davit-sdk/davit/release/ledger"
)

// Events are the release's events, as release.Store asks for. They are read as they are asked for, and
// each is checked; a *CorruptError ends the sequence. A read that begins at the first event
// checks the chain of hashes, too. Nothing is held up by a sequence that is read slowly.
func (j *Journal) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		going := true
		err := j.records(ctx, id, from, func(r record, at location) (bool, error) {
			var err error
			going, err = j.eachEvent(ctx, r, at, max(from, 1), yield)
			return going, err
		})
		if err != nil && going {
			yield(ledger.Event{}, fmt.Errorf("release %s: read: %w", id, err))
		}
	}
}

// eachEvent decodes the events of a record.
func (j *Journal) eachEvent(ctx context.Context, r record, at location, from uint64, yield func(ledger.Event, error) bool) (bool, error) {
	seq, rest := r.first, r.body
	for ; len(rest) > 0; seq++ {
		end := max(bytes.IndexByte(rest, '\n'), 0)
		line := rest[:end]
		rest = rest[end+1:]
		if seq < from {
			continue
		}
		if err := ctx.Err(); err != nil {
			return true, err
		}
		e, err := j.decoder.Decode(line)
		if err != nil {
			return true, at.damage(err.Error())
		}
		if e.Seq != seq {
			return true, at.damage(fmt.Sprintf("event %d stands where %d should", e.Seq, seq))
		}
		if !yield(e, nil) {
			return false, nil
		}
	}
	if seq != r.first+r.count {
		return true, at.damage(fmt.Sprintf("%d events stand where %d should", seq-r.first, r.count))
	}
	return true, nil
}

// look is what is known of a release, nil where there is none, and the number of its last event.
func (j *Journal) look(id string) (e *entry, last uint64, err error) {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil, 0, ErrClosed
	}
	packs := j.packs
	if e = j.entries[id]; e != nil {
		defer j.mu.Unlock()
		return e, e.last, nil
	}
	j.mu.Unlock()
	if e, err = j.unpack(packs, []byte(id)); e == nil || err != nil {
		return nil, 0, err
	}
	return e, e.last, nil
}

// records reads the records of a release, from that with the event on, as far as they are there now.
func (j *Journal) records(ctx context.Context, id string, from uint64, each func(record, location) (bool, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, last, err := j.look(id)
	if e == nil || err != nil || from > last {
		return err
	}
	j.mu.Lock()
	i := sort.Search(len(e.records), func(i int) bool { return e.records[i].first > from })
	j.mu.Unlock()
	i = max(i-1, 0)
	var link link
	var prev sum
	chained := i == 0
	for {
		run, text, err := j.fetch(e, i, last)
		if err != nil || len(run) == 0 {
			return err
		}
		for _, at := range run {
			r, err := at.parse(text[at.at-run[0].at:], id)
			if err == nil && chained && !link.follows(r, prev) {
				err = at.damage("the hash does not follow from those before it")
			}
			if err != nil {
				return err
			}
			if going, err := each(r, at); !going || err != nil {
				return err
			}
			prev, chained = r.sum, true
		}
		i += len(run)
	}
}

// near is how far apart two records may be that are read at once.
const near = 4 << 10

// fetch reads records of a release from the i-th on that lie near each other, up to that with the last
// event. There is none where that was the one before.
func (j *Journal) fetch(e *entry, i int, last uint64) (run []location, text []byte, err error) {
	for {
		j.mu.Lock()
		run = append(run[:0], together(e.records[i:], last)...)
		j.mu.Unlock()
		if len(run) == 0 {
			return nil, nil, nil
		}
		text, err = j.readRun(run, nil)
		j.mu.Lock()
		gone := run[0].volume.gone
		j.mu.Unlock()
		if !gone {
			return run, text, err
		}
		// It was written anew elsewhere meanwhile, and the name may stand for another file.
		j.shelf.forget(run[0].volume)
	}
}

// together are the first of the records: those that lie near each other.
func together(records []location, last uint64) []location {
	for k, at := range records {
		if at.first > last {
			return records[:k]
		}
		if k == 0 {
			continue
		}
		before := records[k-1]
		end := before.at + int64(before.size)
		if at.volume != before.volume || at.at < end || at.at > end+near || at.at+int64(at.size) > records[0].at+chunk {
			return records[:k]
		}
	}
	return records
}

// readRun reads records that lie behind each other in one file, and what is between them.
func (j *Journal) readRun(run []location, buf []byte) ([]byte, error) {
	first, last := run[0], run[len(run)-1]
	f, err := j.shelf.take(first.volume)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", first.volume.name, err)
	}
	defer j.shelf.give(first.volume)
	size := int(last.at + int64(last.size) - first.at)
	text := slices.Grow(buf[:0], size)[:size]
	if n, err := f.ReadAt(text, first.at); n < len(text) {
		return nil, fmt.Errorf("read %s at %d: %w", first.volume.name, first.at, err)
	}
	return text, nil
}

// parse reads the record that must be there.
func (at location) parse(text []byte, id string) (record, error) {
	r, err := parseRecord(text[:min(len(text), int(at.size))])
	if err == nil && (len(r.text) != int(at.size) || r.first != at.first || string(r.id) != id) {
		err = errors.New("another record stands there")
	}
	if err != nil {
		return record{}, at.damage(err.Error())
	}
	return r, nil
}

func (at location) damage(reason string) error {
	return &CorruptError{File: at.volume.name, Offset: at.at, Reason: reason}
}

// begin is the beginning of a release, to sort by.
type begin struct {
	begun uint64
	id    string   // of one that is not archived
	pack  *pack    // of one that is
	at    archived //
}

func (j *Journal) begins(which func(*entry) bool) ([]begin, []*pack, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, nil, ErrClosed
	}
	var list []begin
	for _, e := range j.entries {
		if which(e) {
			list = append(list, begin{begun: e.begun, id: e.id})
		}
	}
	return list, j.packs, nil
}

// Releases are the IDs of all releases, archived or not, as release.Store asks for.
func (j *Journal) Releases(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		list, packs, err := j.begins(func(*entry) bool { return true })
		if err != nil {
			yield("", fmt.Errorf("list releases: %w", err))
			return
		}
		// The newest is last here, and first where a release is in several places.
		slices.SortFunc(list, byBegin)
		for _, p := range slices.Backward(packs) {
			for _, a := range p.index {
				list = append(list, begin{begun: a.begun, pack: p, at: a})
			}
		}
		slices.SortStableFunc(list, byBegin)
		list = slices.CompactFunc(list, func(a, b begin) bool { return a.begun == b.begun })
		j.list(ctx, list, yield)
	}
}

func byBegin(a, b begin) int { return cmp.Compare(a.begun, b.begun) }

// Open are the IDs of the releases that are not over, as release.Opener asks for.
func (j *Journal) Open(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		list, _, err := j.begins(func(e *entry) bool { return !e.over })
		if err != nil {
			yield("", fmt.Errorf("list open releases: %w", err))
			return
		}
		slices.SortFunc(list, byBegin)
		j.list(ctx, list, yield)
	}
}

func (j *Journal) list(ctx context.Context, list []begin, yield func(string, error) bool) {
	for _, b := range list {
		err := ctx.Err()
		if err == nil && b.pack != nil {
			b.id, err = j.idOf(b.pack, b.at)
		}
		if err != nil {
			yield("", fmt.Errorf("list releases: %w", err))
			return
		}
		if !yield(b.id, nil) {
			return
		}
	}
}

// idOf reads the ID of an archived release.
func (j *Journal) idOf(p *pack, a archived) (string, error) {
	f, err := j.shelf.take(p.volume)
	if err != nil {
		return "", err
	}
	defer j.shelf.give(p.volume)
	h, _, err := readHead(&window{from: f, size: p.end, chunk: 256}, a.at)
	if err == nil && (h.begun != a.begun || keyOf(h.id) != a.key) {
		err = &CorruptError{File: p.volume.name, Offset: a.at, Reason: "a record does not fit the index"}
	}
	return string(h.id), err
}
