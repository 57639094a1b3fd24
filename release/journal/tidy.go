package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// tidy moves releases that are over to the archive, and drops segments, or parts of them, that hold
// nothing else any more. It does so when a segment is full, and when the journal is opened, each
// time for about as many bytes as were written since the last time. What fails is tried again the
// next time: nothing is dropped before its copy is on disk. Nobody writes meanwhile.
func (j *Journal) tidy() {
	if !j.tidying.TryLock() {
		return // it is being verified
	}
	defer j.tidying.Unlock()
	if err := j.archive(); err != nil {
		j.logger.Warn("releases that are over could not be archived; this is tried again later", "error", err)
		return
	}
	for range 2 {
		from, to := j.sparse()
		if from == to {
			return
		}
		if err := j.rewrite(j.segments[from:to]); err != nil {
			j.logger.Warn("files with archived releases could not be dropped; this is tried again later", "error", err)
			return
		}
	}
}

// archive makes a pack of releases that are over, once there is enough for one.
func (j *Journal) archive() error {
	list, bytes := j.finished()
	if bytes < j.options.SegmentSize/4 || len(list) == 0 {
		return nil
	}
	j.mu.Lock()
	h := header{kind: packKind, number: uint64(len(j.packs)) + 1}
	j.mu.Unlock()
	p := new(pack)
	moved := make(map[*entry][]location, len(list))
	made, err := j.make(h, func(d *draft) error {
		p.body = d.at()
		for _, e := range list {
			places, err := j.copyAll(e, d)
			if err != nil {
				return err
			}
			at := places[0].at
			p.index = append(p.index, archived{key: keyOf([]byte(e.id)), begun: e.begun, last: e.last, at: at, length: d.at() - at})
			moved[e] = places
		}
		slices.SortFunc(p.index, byKey)
		p.end = d.at()
		return d.write(appendIndex(nil, p.end, p.index))
	})
	if err != nil {
		return err
	}
	p.volume = made.volume
	if err := j.disk.Rename(made.temp, made.volume.name); err != nil {
		return errors.Join(err, j.disk.Remove(made.temp))
	}
	if err := j.disk.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync the folder: %w", err))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.packs = append(slices.Clip(j.packs), p)
	for _, e := range list {
		for _, at := range e.records {
			at.volume.live -= int64(at.size)
		}
		// Whoever reads it now goes on in the pack.
		e.records, e.archived = moved[e], true
		delete(j.entries, e.id)
	}
	return nil
}

// finished are releases that are over and not archived, in the order of their beginning: as many as
// are worth a file, and no more.
func (j *Journal) finished() ([]*entry, int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []*entry
	for _, e := range j.entries {
		if e.over {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Compare(a.begun, b.begun) })
	var bytes int64
	for i, e := range list {
		if bytes > 2*j.options.SegmentSize {
			return list[:i], bytes
		}
		for _, at := range e.records {
			bytes += int64(at.size)
		}
	}
	return list, bytes
}

// copyAll appends a release's records to a file that is being made. The volumes of a draft are in it
// as soon as it has its name.
func (j *Journal) copyAll(e *entry, d *draft) ([]location, error) {
	places := make([]location, 0, len(e.records))
	link, prev := link{}, sum{}
	for i := 0; i < len(e.records); {
		run, text, err := j.fetch(e, i, e.last)
		if err != nil {
			return nil, err
		}
		for _, at := range run {
			r, err := at.parse(text[at.at-run[0].at:], e.id)
			if err == nil && !link.follows(r, prev) {
				err = at.damage("the hash does not follow from those before it")
			}
			if err != nil {
				return nil, err
			}
			places = append(places, location{volume: d.volume, at: d.at(), first: at.first, size: at.size})
			if err := d.write(r.text); err != nil {
				return nil, err
			}
			prev = r.sum
		}
		i += len(run)
	}
	return places, nil
}

// sparse finds a run of complete segments that is worth being written anew as one: what is dropped by
// it is no less than what is copied. It is [from, to); there is none where both are the same.
func (j *Journal) sparse() (from, to int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	const fileCost = 4 << 10 // what a file costs, beside its bytes
	best := int64(0)
	for i := range j.segments {
		var live, size int64
		for k, v := range j.segments[i:] {
			if live += v.live; !v.sealed || live > j.options.SegmentSize {
				break
			}
			size += v.size
			gain := size - live + int64(k)*fileCost
			// The first line, those of the commits and the end are neither here nor there.
			if k == 0 && gain < fileCost && live > 0 || k == 0 && live == 0 && size < fileCost {
				continue
			}
			if gain >= live && gain > best {
				best, from, to = gain, i, i+k+1
			}
		}
	}
	return from, to
}

// rewrite replaces segments by one that holds what is still needed of them.
func (j *Journal) rewrite(old []*volume) error {
	old = slices.Clone(old)
	last := old[len(old)-1]
	kept := j.kept(old)
	j.mu.Lock()
	h := header{kind: segmentKind, number: last.header.number, from: old[0].header.from, packs: uint64(len(j.packs))}
	j.mu.Unlock()
	places := make([]location, len(kept))
	made, err := j.make(h, func(d *draft) error { return j.copyKept(kept, places, d) })
	if err != nil {
		return err
	}
	// A reader must not open the new file for the old one.
	j.mu.Lock()
	if err := j.disk.Rename(made.temp, last.name); err != nil {
		j.mu.Unlock()
		return errors.Join(err, j.disk.Remove(made.temp))
	}
	for i, k := range kept {
		k.entry.records[k.index] = places[i]
		made.volume.live += int64(places[i].size)
	}
	i := slices.Index(j.segments, old[0])
	j.segments = slices.Replace(j.segments, i, i+len(old), made.volume)
	for _, v := range old {
		v.gone = true
	}
	j.mu.Unlock()
	for _, v := range old {
		j.shelf.forget(v)
	}
	if err := j.disk.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync the folder: %w", err))
	}
	for _, v := range old[:len(old)-1] {
		if err := j.disk.Remove(v.name); err != nil {
			return err // it counts for nothing, and goes when the journal is opened
		}
	}
	return nil
}

// keeper is a record that is still needed.
type keeper struct {
	entry *entry
	index int
	location
}

// kept are the records in these segments that are not archived, in the order in which they lie there.
func (j *Journal) kept(segments []*volume) []keeper {
	j.mu.Lock()
	defer j.mu.Unlock()
	order := make(map[*volume]int, len(segments))
	for i, v := range segments {
		order[v] = i + 1
	}
	var list []keeper
	for _, e := range j.entries {
		for i, at := range e.records {
			if order[at.volume] > 0 {
				list = append(list, keeper{e, i, at})
			}
		}
	}
	slices.SortFunc(list, func(a, b keeper) int {
		return cmp.Or(cmp.Compare(order[a.volume], order[b.volume]), cmp.Compare(a.at, b.at))
	})
	return list
}

// copyKept writes records as commits of about a chunk each, and the end of the file.
func (j *Journal) copyKept(kept []keeper, places []location, d *draft) error {
	var commits uint64
	var texts []byte
	var line []byte
	start := 0
	flush := func(upTo int) error {
		if upTo == start {
			return nil
		}
		commits++
		line = commit{number: commits, records: uint64(upTo - start), bytes: uint64(len(texts))}.append(line[:0])
		at := d.at() + int64(len(line))
		for i := start; i < upTo; i++ {
			places[i] = location{volume: d.volume, at: at, first: kept[i].first, size: kept[i].size}
			at += int64(kept[i].size)
		}
		err := errors.Join(d.write(line), d.write(texts))
		texts, start = texts[:0], upTo
		return err
	}
	for i, k := range kept {
		text, err := j.readRun([]location{k.location})
		if err != nil {
			return err
		}
		r, err := k.parse(text, k.entry.id)
		if err != nil {
			return err
		}
		if texts = append(texts, r.text...); len(texts) >= chunk {
			if err := flush(i + 1); err != nil {
				return err
			}
		}
	}
	if err := flush(len(kept)); err != nil {
		return err
	}
	return d.write(commit{end: true, number: commits}.append(line[:0]))
}
