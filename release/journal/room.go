package journal

import "fmt"

// A file that is written a lot has room ahead: zeros behind its last commit, which are synced before
// anything is written there. To sync what lies in it takes half as long as to sync what makes the file longer,
// since the file system has nothing to note about the file. The room is as large as what was written,
// within bounds, so that a small file has none, and no file more zeros than bytes.
const (
	leastRoom = 64 << 10
	mostRoom  = 1 << 20
)

// room is what lies behind the last commit.
type room struct {
	end   int64 // of the file
	least int64 // less is not worth a sync
	none  bool  // there was no space for it
}

// makeRoom makes room where there is not enough for so many bytes. That there is no space is no error: then
// what is written makes the file longer.
func (t *tail) makeRoom(j *Journal, bytes int64) error {
	r, end := &t.room, t.size+bytes
	size := min(end, mostRoom, j.options.SegmentSize-end)
	if end <= r.end || size < r.least || r.none {
		return nil
	}
	from := max(t.size, r.end)
	for at := from; at < end+size && !r.none; at += int64(len(zeros)) {
		part := zeros[:min(int64(len(zeros)), end+size-at)]
		written, err := t.file.WriteAt(part, at)
		r.none = err != nil || written < len(part)
	}
	if r.end = end + size; r.none {
		r.end = from
		if err := t.file.Truncate(from); err != nil {
			return j.fail(fmt.Errorf("cut %s off again: %w", t.volume.name, err))
		}
	}
	if err := t.file.Sync(); err != nil {
		return j.fail(fmt.Errorf("sync %s: %w", t.volume.name, err))
	}
	return nil
}

// dropRoom gives up what room there is, as nothing more is to come.
func (t *tail) dropRoom() error {
	if t.room.end <= t.size {
		return nil
	}
	if err := t.file.Truncate(t.size); err != nil {
		return fmt.Errorf("cut %s off: %w", t.volume.name, err)
	}
	t.room.end = t.size
	return nil
}

// zeros are never written to.
var zeros [64 << 10]byte

// filled is the size of a file without the zeros at its end. All that is whole ends otherwise.
func filled(f file, size int64) (int64, error) {
	const few = 4 << 10 // most files have none
	w := &window{from: f, size: size}
	for size > 0 {
		n := min(size, few)
		if w.buf != nil {
			n = min(size, chunk)
		}
		text, err := w.view(size-n, int(n))
		if err != nil {
			return 0, err
		}
		for i := len(text) - 1; i >= 0; i-- {
			if text[i] != 0 {
				return size - n + int64(i) + 1, nil
			}
		}
		size -= n
	}
	return 0, nil
}
