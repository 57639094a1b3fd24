package journal

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// leaving is a release that is being archived, as it stood when that began.
type leaving struct {
	entry   *entry
	last    uint64
	records []location
	places  []location // where they are in the pack
	head    sum        // of the last one there
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
	made, err := j.make(h, func(d *draft) error {
		p.body = d.at()
		if err := j.copyAll(list, d); err != nil {
			return err
		}
		p.end = d.at()
		p.index = indexOf(list)
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
	j.move(list, p)
	return nil
}

// move has releases read from the pack from now on.
func (j *Journal) move(list []leaving, p *pack) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.packs = append(slices.Clip(j.packs), p)
	for _, l := range list {
		e := l.entry
		if e.busy || e.last != l.last {
			continue // it has gone on meanwhile: all of it will be archived anew
		}
		for _, at := range e.records {
			at.volume.live -= int64(at.size)
		}
		// Whoever reads it now goes on in the pack.
		e.records, e.archived = l.places, true
		delete(j.entries, e.id)
	}
}

// finished are releases that are over and not archived, in the order of their beginning: as many as
// are worth a file, and no more.
func (j *Journal) finished() ([]leaving, int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []leaving
	for _, e := range j.entries {
		if e.over && !e.busy {
			list = append(list, leaving{entry: e, last: e.last, records: e.records})
		}
	}
	slices.SortFunc(list, func(a, b leaving) int { return cmp.Compare(a.entry.begun, b.entry.begun) })
	var bytes int64
	for i, l := range list {
		if bytes > 2*j.options.SegmentSize {
			return list[:i], bytes
		}
		for _, at := range l.records {
			bytes += int64(at.size)
		}
	}
	return list, bytes
}

func indexOf(list []leaving) []archived {
	index := make([]archived, 0, len(list))
	for _, l := range list {
		first, last := l.places[0], l.places[len(l.places)-1]
		index = append(index, archived{
			key: keyOf([]byte(l.entry.id)), begun: l.entry.begun, last: l.last,
			at: first.at, length: last.at + int64(last.size) - first.at,
		})
	}
	slices.SortFunc(index, byKey)
	return index
}

// copyAll appends the releases' records to a file that is being made, some megabytes at a time. The volumes
// of a draft are in it as soon as it has its name.
func (j *Journal) copyAll(list []leaving, d *draft) error {
	var of []*leaving // of each record in the run
	var run []location
	var text []byte
	var link link
	bytes := 0
	flush := func() (err error) {
		if text, err = j.collect(run, text); err != nil {
			return err
		}
		rest := text
		for i, at := range run {
			if err := of[i].take(at, rest[:at.size], &link, d); err != nil {
				return err
			}
			rest = rest[at.size:]
		}
		of, run, bytes = of[:0], run[:0], 0
		return nil
	}
	for i := range list {
		list[i].places = make([]location, 0, len(list[i].records))
		for _, at := range list[i].records {
			of, run, bytes = append(of, &list[i]), append(run, at), bytes+int(at.size)
			if bytes < most {
				continue
			}
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// take checks the release's next record, and appends it to the file.
func (l *leaving) take(at location, text []byte, link *link, d *draft) error {
	r, err := at.parse(text, l.entry.id)
	if err == nil && !link.follows(r, l.head) {
		err = at.damage("the hash does not follow from those before it")
	}
	if err != nil {
		return err
	}
	l.places = append(l.places, location{volume: d.volume, at: d.at(), first: at.first, size: at.size})
	l.head = r.sum
	return d.write(text)
}

// collect reads records from wherever they lie into one text, in the order that they are given in. Those
// that lie near each other are read at once, whatever their order.
func (j *Journal) collect(records []location, buf []byte) ([]byte, error) {
	size := 0
	starts, order := make([]int, len(records)), make([]int, len(records))
	for i, at := range records {
		starts[i], order[i] = size, i
		size += int(at.size)
	}
	slices.SortFunc(order, func(a, b int) int { return byPlace(records[a], records[b]) })
	sorted := make([]location, len(records))
	for k, i := range order {
		sorted[k] = records[i]
	}
	all := slices.Grow(buf[:0], size)[:size]
	var text []byte
	for len(sorted) > 0 {
		run := together(sorted, math.MaxUint64)
		var err error
		if text, err = j.readRun(run, text); err != nil {
			return nil, err
		}
		for k, at := range run {
			copy(all[starts[order[k]]:], text[at.at-run[0].at:][:at.size])
		}
		sorted, order = sorted[len(run):], order[len(run):]
	}
	return all, nil
}

func byPlace(a, b location) int {
	if a.volume != b.volume {
		return strings.Compare(a.volume.name, b.volume.name)
	}
	return cmp.Compare(a.at, b.at)
}
