package journal

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// tail is the end of the last segment, where all is written. It belongs to whoever leads.
type tail struct {
	volume  *volume // nil: a new segment is to be begun
	file    file
	size    int64 // up to here all is synced
	room    room
	commits uint64 // so many are in the file
	signed  bool   // the last commit has no records
	buf     []byte
	took    time.Duration // the last write and sync

	// What is being written, guarded by the journal's mu: the appends, and the releases among them that
	// were not in memory before.
	batch  []*request
	news   map[string]*entry
	places []location
}

// write writes the records as one commit and makes it last. The error of a write that did not happen is
// that of the disk; where it is not known whether it did, ErrInDoubt and ErrFailed.
func (t *tail) write(j *Journal, batch []*request) ([]location, error) {
	if err := t.stands(j); err != nil {
		return nil, err
	}
	if err := t.begin(j); err != nil {
		return nil, err
	}
	var bytes int
	for _, r := range batch {
		bytes += len(r.text)
	}
	t.buf = commit{number: t.commits + 1, records: uint64(len(batch)), bytes: uint64(bytes)}.append(t.buf[:0])
	at := t.size + int64(len(t.buf))
	places := t.places[:0]
	for _, r := range batch {
		places = append(places, location{volume: t.volume, at: at, first: r.head.first, size: int32(len(r.text))})
		t.buf = append(t.buf, r.text...)
		at += int64(len(r.text))
	}
	t.places = places
	err := t.makeRoom(j, int64(len(t.buf)))
	began := time.Now()
	if err == nil {
		err = t.flush(j)
	}
	if err == nil {
		if err = t.stands(j); err != nil {
			err = fmt.Errorf("%w: %w", ErrInDoubt, j.fail(err))
		}
	}
	t.took = time.Since(began)
	if cap(t.buf) > 2*most {
		t.buf = nil // a rare giant's
	}
	if err != nil {
		return nil, err
	}
	t.commits++
	t.signed = false
	return places, nil
}

// stands makes sure that what is written is found again: that the path leads to the folder, and to the file
// in it. It is asked before a write, so that nothing is written in vain, and after the sync, so that
// nothing is acknowledged that went away meanwhile.
func (t *tail) stands(j *Journal) error {
	name := ""
	if t.volume != nil {
		name = t.volume.name
	}
	err := j.disk.Stands(name, t.file)
	if errors.Is(err, errMoved) {
		return j.fail(err)
	}
	return err
}

// flush appends the buffer to the file, and syncs it.
func (t *tail) flush(j *Journal) error {
	if n, err := t.file.WriteAt(t.buf, t.size); err != nil || n < len(t.buf) {
		if err == nil {
			err = io.ErrShortWrite
		}
		// What is left of it must not be there when the next commit, perhaps a shorter one, is written
		// in its place.
		if undo := errors.Join(t.file.Truncate(t.size), t.file.Sync()); undo != nil {
			return fmt.Errorf("%w: %w", ErrInDoubt, j.fail(fmt.Errorf("write %s: %w; cut it off again: %w", t.volume.name, err, undo)))
		}
		t.room.end = t.size
		return fmt.Errorf("write %s: %w", t.volume.name, err)
	}
	if err := t.file.Sync(); err != nil {
		// After a sync that failed, a second one may succeed without having written anything.
		return fmt.Errorf("%w: %w", ErrInDoubt, j.fail(fmt.Errorf("sync %s: %w", t.volume.name, err)))
	}
	t.size += int64(len(t.buf))
	return nil
}

// begin makes the next segment, where the last one is complete.
func (t *tail) begin(j *Journal) error {
	if t.volume != nil {
		return nil
	}
	j.mu.Lock()
	h := header{kind: segmentKind, number: 1, packs: uint64(len(j.packs))}
	if n := len(j.segments); n > 0 {
		h.number = j.segments[n-1].header.number + 1
	}
	j.mu.Unlock()
	h.from = h.number
	made, err := j.make(h, func(*draft) error { return nil })
	if err != nil {
		return err
	}
	if err := j.disk.Rename(made.temp, made.volume.name); err != nil {
		return errors.Join(err, j.disk.Remove(made.temp))
	}
	if err := j.disk.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync the folder: %w", err))
	}
	f, err := j.disk.Open(made.volume.name, true, false)
	if err != nil {
		return j.fail(err)
	}
	made.volume.sealed = false
	j.mu.Lock()
	j.segments = append(j.segments, made.volume)
	j.mu.Unlock()
	t.volume, t.file, t.size, t.commits, t.signed = made.volume, f, made.volume.size, 0, false
	t.room.end, t.room.none = t.size, false
	return nil
}

// rotate ends the segment that is full, and has the archive made. The next one begins with the next write.
func (j *Journal) rotate() {
	t := &j.tail
	t.buf = commit{end: true, number: t.commits}.append(t.buf[:0])
	err := t.dropRoom()
	if err == nil {
		err = t.flush(j)
	}
	if err != nil {
		j.logger.Warn("a full file could not be ended, and is written on", "error", err)
		return
	}
	if err := t.file.Close(); err != nil {
		j.logger.Warn("close a full file", "error", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	t.volume.size, t.volume.sealed = t.size, true
	t.volume, t.file, t.size = nil, nil, 0
	j.tidyBeside()
}

// signOff says at the end of the last segment that all before it is on disk, so that damage to the last
// commit can be told from a write that never ended.
func (j *Journal) signOff() error {
	t := &j.tail
	if t.volume == nil || t.signed || t.commits == 0 || j.failure != nil {
		return nil
	}
	t.buf = commit{number: t.commits + 1}.append(t.buf[:0])
	if err := errors.Join(t.dropRoom(), t.flush(j)); err != nil {
		return err
	}
	t.commits, t.signed = t.commits+1, true
	return nil
}

func (t *tail) close() error {
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	return err
}
