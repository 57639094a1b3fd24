package journal

import (
	"bytes"
	"context"
	"strings"
)

// The seams that tests use.
type (
	Disk = disk
	File = file
)

func OpenOn(d Disk, o Options) (*Journal, error) { return open(d, o) }

// OpenRoomy opens a journal whose files have room ahead however small they are.
func OpenRoomy(d Disk, o Options) (*Journal, error) {
	j, err := open(d, o)
	if err == nil {
		j.tail.room.least = 1
	}
	return j, err
}

// Room is how many bytes of room there are behind the last commit.
func (j *Journal) Room() int64 { return max(0, j.tail.room.end-j.tail.size) }

func VerifyOn(ctx context.Context, d Disk) error { return verify(ctx, d) }

// Tick is how long the folder must have been as it is before its file is not looked at any more.
const Tick = tick

func Folder(dir string) Disk { return newFolder(dir) }

// ErrMoved is what a disk says whose folder is not found any more.
var ErrMoved = errMoved

// MakeFolder makes a folder, and syncs those above it with the function.
func MakeFolder(path string, sync func(string) error) error { return makeFolder(path, sync) }

// Files is how many files are open for reading.
func (j *Journal) Files() int {
	j.shelf.mu.Lock()
	defer j.shelf.mu.Unlock()
	return len(j.shelf.open)
}

// Queued is how many appends wait for the write that is under way.
func (j *Journal) Queued() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue)
}

// Reseal makes the checksums of a file anew, as a forger would who knows no hash.
func Reseal(text []byte) []byte {
	for start := 0; start < len(text); {
		end := start + bytes.IndexByte(text[start:], '\n')
		if end < start {
			break
		}
		line := text[start:end]
		last := bytes.HasPrefix(line, []byte("end "))
		if n := len(line) - crcLen; n > 0 && (line[0] == mark || bytes.HasPrefix(line, []byte(magic)) || last) {
			over := line[:n]
			if last {
				var at uint64
				hexNumbers(line[4:min(20, len(line))], &at)
				over = text[min(at, uint64(start)) : start+n]
			}
			copy(line[n:], appendCRC(nil, over)[:crcLen])
		}
		start = end + 1
	}
	for at := 0; at < len(text); at++ {
		_, err := parseRecord(text[at:])
		if err == nil || !strings.Contains(err.Error(), "checksum") {
			continue
		}
		line := bytes.IndexByte(text[at:], '\n')
		h, _ := parseHead(text[at : at+line])
		end := at + line + 1 + h.length + tailLen
		copy(text[end-1-crcLen:], appendCRC(nil, text[at:end-1-crcLen]))
	}
	return text
}

// Hold lets nobody else touch the journal meanwhile.
func (j *Journal) Hold(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
}

// Replaced lets the first segment seem to be replaced by another file, or not. It is for who reads.
func (j *Journal) Replaced(gone bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments[0].gone = gone
}

// Tidied waits until nothing is being archived.
func (j *Journal) Tidied() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.tidies {
		j.idle.Wait()
	}
}
