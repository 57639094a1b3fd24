package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// tidyBeside tidies in a goroutine of its own, for which Close waits, so that nobody who writes has to. Where
// that is under way already, it begins once more when it is done. mu is held.
func (j *Journal) tidyBeside() {
	j.untidy = true
	if j.tidies {
		return
	}
	j.tidies = true
	go func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		for j.untidy && j.failure == nil {
			j.untidy = false
			j.mu.Unlock()
			j.tidy()
			j.mu.Lock()
		}
		j.tidies = false
		j.idle.Broadcast()
	}()
}

// tidy moves releases that are over to the archive, and drops segments, or parts of them, that hold
// nothing else any more. It does so when a segment is full, and when the journal is opened, each
// time for about as many bytes as were written since the last time. What fails is tried again the
// next time: nothing is dropped before its copy is on disk.
//
// Others write and read meanwhile. Only here are complete segments replaced, and is the place changed
// where a record is.
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
		old := j.sparse()
		if len(old) == 0 {
			return
		}
		if err := j.rewrite(old); err != nil {
			j.logger.Warn("files with archived releases could not be dropped; this is tried again later", "error", err)
			return
		}
	}
}

// sparse finds a run of complete segments that is worth being written anew as one: what is dropped by
// it is no less than what is copied.
func (j *Journal) sparse() []*volume {
	j.mu.Lock()
	defer j.mu.Unlock()
	const fileCost = 4 << 10 // what a file costs, beside its bytes
	from, to := 0, 0
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
	return slices.Clone(j.segments[from:to])
}

// rewrite replaces segments by one that holds what is still needed of them.
func (j *Journal) rewrite(old []*volume) error {
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
	var line, texts []byte
	var run []location
	flush := func(upTo int) (err error) {
		start := upTo - len(run)
		if texts, err = j.collect(run, texts); err != nil {
			return err
		}
		rest := texts
		for _, k := range kept[start:upTo] {
			if _, err := k.parse(rest, k.entry.id); err != nil {
				return err
			}
			rest = rest[k.size:]
		}
		commits++
		line = commit{number: commits, records: uint64(len(run)), bytes: uint64(len(texts))}.append(line[:0])
		at := d.at() + int64(len(line))
		for i := start; i < upTo; i++ {
			places[i] = location{volume: d.volume, at: at, first: kept[i].first, size: kept[i].size}
			at += int64(kept[i].size)
		}
		run = run[:0]
		return errors.Join(d.write(line), d.write(texts))
	}
	bytes := 0
	for i, k := range kept {
		run, bytes = append(run, k.location), bytes+int(k.size)
		if bytes < chunk && i < len(kept)-1 {
			continue
		}
		if err := flush(i + 1); err != nil {
			return err
		}
		bytes = 0
	}
	return d.write(commit{end: true, number: commits}.append(line[:0]))
}
