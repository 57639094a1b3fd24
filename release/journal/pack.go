package journal

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// pack is a file of releases that are over. Of each, it has 40 bytes in memory.
type pack struct {
	volume *volume
	index  []archived // sorted by key
	body   int64      // where the first record is
	end    int64      // where the records end
}

// archived is where a release is in a pack.
type archived struct {
	key, begun, last uint64
	at, length       int64
}

func keyOf(id []byte) uint64 {
	s := sha256.Sum256(id)
	return binary.BigEndian.Uint64(s[:])
}

func byKey(a, b archived) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.begun, b.begun))
}

const (
	indexLine = 5*17 + 0        // five numbers of 16 digits, each with what follows it
	lastLine  = 4 + 17 + 17 + 9 // "end ", two numbers, the CRC
)

func (a archived) append(b []byte) []byte {
	return fmt.Appendf(b, "%016x %016x %016x %016x %016x\n", a.key, a.begun, a.last, a.at, a.length)
}

// appendIndex writes what follows the records of a pack.
func appendIndex(b []byte, at int64, index []archived) []byte {
	start := len(b)
	for _, a := range index {
		b = a.append(b)
	}
	b = fmt.Appendf(b, "end %016x %016x ", at, len(index))
	return appendCRC(b, b[start:])
}

// hexNumbers reads numbers of 16 digits, with a space after each but the last.
func hexNumbers(line []byte, into ...*uint64) bool {
	if len(line) != len(into)*17-1 {
		return false
	}
	for i, n := range into {
		if i > 0 && line[i*17-1] != ' ' {
			return false
		}
		for _, c := range line[i*17:][:16] {
			switch {
			case c >= '0' && c <= '9':
				*n = *n<<4 | uint64(c-'0')
			case c >= 'a' && c <= 'f':
				*n = *n<<4 | uint64(c-'a'+10)
			default:
				return false
			}
		}
	}
	return true
}

// readPack reads the index of a pack, and nothing else.
func readPack(v *volume, w *window) (*pack, error) {
	h, after, err := readHeader(v.name, w)
	if err != nil {
		return nil, err
	}
	if h != v.header {
		return nil, &CorruptError{File: v.name, Reason: "the first line is that of another file"}
	}
	damaged := func(at int64, reason string) error { return &CorruptError{File: v.name, Offset: at, Reason: reason} }
	last, err := w.view(w.size-lastLine, lastLine)
	if err != nil || w.size-lastLine < after {
		return nil, damaged(w.size, "the end is missing")
	}
	var at, count uint64
	if string(last[:4]) != "end " || last[lastLine-1] != '\n' || !hexNumbers(last[4:4+33], &at, &count) {
		return nil, damaged(w.size-lastLine, "the last line is damaged")
	}
	if at > math.MaxInt64 || count > uint64(w.size)/indexLine || int64(at) < after || int64(at)+int64(count)*indexLine+lastLine != w.size {
		return nil, damaged(w.size-lastLine, "the last line does not fit the file")
	}
	text, err := w.view(int64(at), int(w.size-int64(at)))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.name, err)
	}
	if !sums(text[len(text)-1-crcLen:len(text)-1], text[:len(text)-1-crcLen]) {
		return nil, damaged(int64(at), "the index does not match its checksum")
	}
	p := &pack{volume: v, body: after, end: int64(at), index: make([]archived, 0, count)}
	for i := range int(count) {
		a, ok := parseArchived(text[i*indexLine:][:indexLine], p)
		if !ok || i > 0 && byKey(p.index[i-1], a) >= 0 {
			return nil, damaged(int64(at)+int64(i*indexLine), "a line of the index makes no sense")
		}
		p.index = append(p.index, a)
	}
	return p, nil
}

func parseArchived(line []byte, p *pack) (a archived, ok bool) {
	var at, length uint64
	if line[indexLine-1] != '\n' || !hexNumbers(line[:indexLine-1], &a.key, &a.begun, &a.last, &at, &length) {
		return a, false
	}
	if at < uint64(p.body) || at > uint64(p.end) || length > uint64(p.end)-at || a.begun == 0 || a.last == 0 || length == 0 {
		return a, false
	}
	a.at, a.length = int64(at), int64(length)
	return a, true
}

// unpack finds a release among those that are archived. It is nil where it is not there.
func (j *Journal) unpack(packs []*pack, id []byte) (*entry, error) {
	if len(packs) == 0 {
		return nil, nil
	}
	key := keyOf(id)
	for _, p := range slices.Backward(packs) {
		i, _ := slices.BinarySearchFunc(p.index, key, func(a archived, key uint64) int { return cmp.Compare(a.key, key) })
		for ; i < len(p.index) && p.index[i].key == key; i++ {
			e, err := j.unpackFrom(p, p.index[i], id)
			if e != nil || err != nil {
				return e, err
			}
		}
	}
	return nil, nil
}

// unpackFrom finds out where the records of an archived release are. It is nil where they are those of
// another one.
func (j *Journal) unpackFrom(p *pack, a archived, id []byte) (*entry, error) {
	f, err := j.shelf.take(p.volume)
	if err != nil {
		return nil, err
	}
	defer j.shelf.give(p.volume)
	w := &window{from: f, size: p.end, chunk: 4 << 10}
	return p.walk(w, a, id)
}

// walk goes over the records of a release, from one first line to the next, and reads the last one.
func (p *pack) walk(w *window, a archived, id []byte) (*entry, error) {
	e := &entry{id: string(id), begun: a.begun, last: a.last, over: true, archived: true}
	next, end := uint64(1), a.at+a.length
	for at := a.at; at < end; {
		h, size, err := readHead(w, at)
		if err == nil && at == a.at && !bytes.Equal(h.id, id) && keyOf(h.id) == a.key {
			return nil, nil // two IDs with one key
		}
		if err == nil && (h.begun != a.begun || h.first != next || int64(size) > end-at || h.last() > a.last || !bytes.Equal(h.id, id)) {
			err = errors.New("a record does not fit the index")
		}
		if err != nil {
			return nil, &CorruptError{File: p.volume.name, Offset: at, Reason: err.Error(), Err: err}
		}
		e.records = append(e.records, location{volume: p.volume, at: at, first: h.first, size: int32(size)})
		next, at = h.last()+1, at+int64(size)
	}
	last := e.records[len(e.records)-1]
	text, err := w.view(last.at, int(last.size))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.volume.name, err)
	}
	r, err := parseRecord(text)
	if err == nil && (next != a.last+1 || !r.over) {
		err = errors.New("the records do not fit the index")
	}
	if err != nil {
		return nil, &CorruptError{File: p.volume.name, Offset: last.at, Reason: err.Error(), Err: err}
	}
	e.head = r.sum
	return e, nil
}

// readHead reads the first line of a record, and tells the size of the record.
func readHead(w *window, at int64) (head, int, error) {
	text, err := w.rest(at, 256)
	if err != nil {
		return head{}, 0, err
	}
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		if text, err = w.rest(at, maxLine); err != nil {
			return head{}, 0, err
		}
		if end = bytes.IndexByte(text, '\n'); end < 0 {
			return head{}, 0, errShort
		}
	}
	h, err := parseHead(text[:end])
	return h, end + 1 + h.length + tailLen, err
}
