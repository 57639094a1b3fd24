package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"math"
	"strconv"
)

// The format, version 1. All files are lines of text, each ended by "\n". Numbers are decimal without
// leading zeros; CRC is CRC-32C (Castagnoli) as 8 lower-case hex digits; HASH is SHA-256 as 64.
//
// A segment, NNNNNNNNNN.segment with its number in ten digits, holds what is written to all releases:
//
//	davit-journal 1 segment NUMBER FROM PACKS CRC
//	commit
//	…
//	<1E>end COMMITS CRC
//
// FROM is the first segment that it stands for: NUMBER, or less where it replaces older ones.
// Segments follow each other without a gap from 1, and so do packs; a segment whose number lies in
// the range of a later one is a leftover and counts for nothing. PACKS is the number of packs that
// there were when the file was made. The end is missing in the last segment alone, where writing
// goes on. The CRC of a line is over what stands before it in the line, from the first byte to the
// space before the CRC included. Behind the last commit of a segment that is being written, there may be
// zeros, as room for the next ones; what is whole ends with a line's end, so they are no part of it.
//
// A commit is what is written and synced at once. It begins with the byte 1E, which occurs nowhere
// else: the next one is written only when this one is known to be on disk, so that a commit that is
// damaged is a write that never ended if it is the last thing in the last segment, and corruption
// everywhere else.
//
//	<1E>NUMBER RECORDS BYTES CRC
//	record
//	…
//
// NUMBER counts the commits of the file from 1; BYTES is the length of all its records. A commit of no
// records says that the one before it was synced; a journal that is closed ends with one.
//
// A record is one append: events of one release, all of them or none.
//
//	BEGUN FIRST COUNT open|over LENGTH "RELEASE"
//	event
//	…
//	HASH CRC
//
// BEGUN tells releases apart, and orders them by their beginning. FIRST is the number of the first
// of COUNT events, each of which is a line with its stable JSON; LENGTH is their length together.
// "over" says that the last of them is the release's end. RELEASE is quoted as a Go string in
// ASCII. HASH is over the 32 bytes of the hash of the release's record before (zeros for its first
// one), the first line and the events; CRC is over the whole record before it, the hash and its
// space included.
//
// A pack, NNNNNNNNNN.pack, holds releases that are over, each with its records in order and nothing
// between them, and after all of them one line for each, sorted by KEY:
//
//	davit-journal 1 pack NUMBER CRC
//	record
//	…
//	KEY BEGUN LAST OFFSET LENGTH
//	…
//	end OFFSET RELEASES CRC
//
// In these lines, all numbers have 16 hex digits. KEY is the beginning of the SHA-256 of the
// release's ID, LAST is the number of its last event, OFFSET and LENGTH tell where its records are.
// In the last line, OFFSET is where the first of these lines begins, and CRC is over all of them
// and the last line before it. Where a release is in several packs, the newest one counts; where
// records of a release are in a pack and in segments, those in the segments that the pack has too
// are leftovers.
//
// Files are written as *.temp, synced, and then renamed; *.torn is what was cut off behind the last
// commit.
const (
	magic   = "davit-journal"
	version = "1"

	mark      = 0x1e
	crcLen    = 8
	hashLen   = 2 * sha256.Size
	tailLen   = hashLen + 1 + crcLen + 1
	maxLine   = 8 << 10
	maxID     = 1 << 10
	maxRecord = 512 << 20
)

var errFormat = errors.New("not in the form of this journal")

// checksum is a CRC-32C. The standard library makes the table of this polynomial once.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func appendCRC(line []byte, over []byte) []byte {
	var raw [4]byte
	sum := checksum(over)
	raw[0], raw[1], raw[2], raw[3] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	return append(hex.AppendEncode(line, raw[:]), '\n')
}

// sealed cuts a line with a CRC at its end, without the line's end, down to what the CRC is over.
func sealed(line []byte) ([]byte, bool) {
	n := len(line) - crcLen
	if n < 1 || line[n-1] != ' ' || !sums(line[n:], line[:n]) {
		return nil, false
	}
	return line[:n-1], true
}

// sums reports whether the 8 hex digits are the CRC.
func sums(digits, over []byte) bool {
	var raw [4]byte
	if !lowerHex(digits) {
		return false
	}
	if _, err := hex.Decode(raw[:], digits); err != nil {
		return false
	}
	return checksum(over) == uint32(raw[0])<<24|uint32(raw[1])<<16|uint32(raw[2])<<8|uint32(raw[3])
}

// lowerHex: each value has one form only, so that no byte of a file may be another one.
func lowerHex(digits []byte) bool {
	for _, c := range digits {
		if c >= 'A' && c <= 'F' {
			return false
		}
	}
	return true
}

// header is the first line of a file.
type header struct {
	kind        string // segment or pack
	number      uint64
	from, packs uint64 // of a segment
}

const (
	segmentKind = "segment"
	packKind    = "pack"
)

func (h header) append(b []byte) []byte {
	start := len(b)
	b = fmt.Appendf(b, "%s %s %s %d ", magic, version, h.kind, h.number)
	if h.kind == segmentKind {
		b = fmt.Appendf(b, "%d %d ", h.from, h.packs)
	}
	return appendCRC(b, b[start:])
}

// parseHeader reads the first line of a file.
func parseHeader(line []byte) (header, error) {
	rest, ok := bytes.CutPrefix(line, []byte(magic+" "))
	if !ok {
		return header{}, errors.New("this is no file of a journal")
	}
	if v, _, _ := bytes.Cut(rest, []byte(" ")); string(v) != version {
		return header{}, fmt.Errorf("%w: %.20q, this library knows %s", ErrVersion, v, version)
	}
	line, ok = sealed(line)
	if !ok {
		return header{}, errors.New("the first line is damaged")
	}
	_, line, _ = bytes.Cut(line, []byte(" "))
	_, line, _ = bytes.Cut(line, []byte(" "))
	fields := bytes.Split(line, []byte(" "))
	h := header{kind: string(fields[0])}
	var err error
	switch {
	case h.kind == segmentKind && len(fields) == 4:
		h.number, err = number(fields[1], err)
		h.from, err = number(fields[2], err)
		h.packs, err = number(fields[3], err)
		if h.from < 1 || h.from > h.number {
			err = errFormat
		}
	case h.kind == packKind && len(fields) == 2:
		h.number, err = number(fields[1], err)
	default:
		err = errFormat
	}
	if err != nil {
		return header{}, fmt.Errorf("the first line: %w", err)
	}
	return h, nil
}

// number reads a decimal number in its one form. It hands on an error that there was before.
func number(digits []byte, before error) (uint64, error) {
	if before != nil {
		return 0, before
	}
	if len(digits) == 0 || len(digits) > 20 || digits[0] == '0' && len(digits) > 1 {
		return 0, errFormat
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' || n > math.MaxUint64/10 {
			return 0, errFormat
		}
		sum := n*10 + uint64(c-'0')
		if sum < n*10 {
			return 0, errFormat
		}
		n = sum
	}
	return n, nil
}

// commit is the first line of a commit, or the end of a segment.
type commit struct {
	end            bool
	number         uint64 // for the end: how many there are
	records, bytes uint64
}

func (c commit) append(b []byte) []byte {
	start := len(b)
	b = append(b, mark)
	if c.end {
		b = append(b, "end "...)
	}
	b = append(strconv.AppendUint(b, c.number, 10), ' ')
	if !c.end {
		b = append(strconv.AppendUint(b, c.records, 10), ' ')
		b = append(strconv.AppendUint(b, c.bytes, 10), ' ')
	}
	return appendCRC(b, b[start:])
}

func parseCommit(line []byte) (commit, error) {
	line, ok := sealed(line)
	if !ok || len(line) == 0 || line[0] != mark {
		return commit{}, errFormat
	}
	line = line[1:]
	var c commit
	var err error
	if rest, ok := bytes.CutPrefix(line, []byte("end ")); ok {
		c.end = true
		c.number, err = number(rest, nil)
		return c, err
	}
	a, rest, _ := bytes.Cut(line, []byte(" "))
	b, d, _ := bytes.Cut(rest, []byte(" "))
	c.number, err = number(a, nil)
	c.records, err = number(b, err)
	c.bytes, err = number(d, err)
	if c.bytes > math.MaxInt64/2 {
		err = errFormat
	}
	return c, err
}

// head is the first line of a record.
type head struct {
	begun, first, count uint64
	over                bool
	length              int
	id                  []byte // may lie in the line that it was read from
}

func (h head) last() uint64 { return h.first + h.count - 1 }

func (h head) append(b []byte) []byte {
	b = append(strconv.AppendUint(b, h.begun, 10), ' ')
	b = append(strconv.AppendUint(b, h.first, 10), ' ')
	b = append(strconv.AppendUint(b, h.count, 10), ' ')
	if h.over {
		b = append(b, "over "...)
	} else {
		b = append(b, "open "...)
	}
	b = append(strconv.AppendInt(b, int64(h.length), 10), ' ')
	return append(strconv.AppendQuoteToASCII(b, string(h.id)), '\n')
}

func parseHead(line []byte) (h head, err error) {
	fields := [5][]byte{}
	for i := range fields {
		var ok bool
		if fields[i], line, ok = bytes.Cut(line, []byte(" ")); !ok {
			return head{}, errFormat
		}
	}
	h.begun, err = number(fields[0], nil)
	h.first, err = number(fields[1], err)
	h.count, err = number(fields[2], err)
	length, err := number(fields[4], err)
	switch {
	case err != nil:
		return head{}, err
	case h.first == 0 || h.count == 0 || h.begun == 0 || h.last() < h.first || length > maxRecord || h.count > length:
		return head{}, errFormat
	}
	h.length = int(length)
	switch string(fields[3]) {
	case "open":
	case "over":
		h.over = true
	default:
		return head{}, errFormat
	}
	h.id, err = unquote(line)
	return h, err
}

// unquote reads a quoted ID in its one form.
func unquote(quoted []byte) ([]byte, error) {
	n := len(quoted)
	if n < 2 || quoted[0] != '"' || quoted[n-1] != '"' {
		return nil, errFormat
	}
	plain := true
	for _, c := range quoted[1 : n-1] {
		plain = plain && c >= ' ' && c < 0x7f && c != '\\' && c != '"'
	}
	if plain {
		return quoted[1 : n-1], nil
	}
	id, err := strconv.Unquote(string(quoted))
	if err != nil || strconv.QuoteToASCII(id) != string(quoted) {
		return nil, errFormat
	}
	return []byte(id), nil
}

type sum = [sha256.Size]byte

// record is one append as it lies in a file.
type record struct {
	head
	body []byte
	sum  sum    // as it stands there
	text []byte // all of it
}

// compose makes the text of a record in a buffer, which it gives back, too, for the next one.
func compose(buf []byte, h head, prev sum, body []byte) (all, text []byte, s sum) {
	all = append(buf[:0], prev[:]...)
	all = h.append(all)
	all = append(all, body...)
	s = sha256.Sum256(all)
	all = append(hex.AppendEncode(all, s[:]), ' ')
	all = appendCRC(all, all[sha256.Size:])
	return all, all[sha256.Size:], s
}

// errShort says that a record does not end where it must.
var errShort = errors.New("a record is cut short")

// parseRecord reads the record at the beginning of a text, and checks its CRC.
func parseRecord(text []byte) (r record, err error) {
	end := bytes.IndexByte(text[:min(len(text), maxLine)], '\n')
	if end < 0 {
		return record{}, errShort
	}
	if r.head, err = parseHead(text[:end]); err != nil {
		return record{}, fmt.Errorf("the first line of a record: %w", err)
	}
	size := end + 1 + r.length + tailLen
	if size > len(text) {
		return record{}, errShort
	}
	r.text, r.body = text[:size], text[end+1:size-tailLen]
	tail := text[size-tailLen : size-1]
	switch {
	case text[size-1] != '\n' || tail[hashLen] != ' ' || !lowerHex(tail[:hashLen]):
		return record{}, fmt.Errorf("the last line of a record: %w", errFormat)
	case !sums(tail[hashLen+1:], text[:size-1-crcLen]):
		return record{}, errors.New("a record does not match its checksum")
	case r.body[len(r.body)-1] != '\n':
		return record{}, fmt.Errorf("the events of a record: %w", errFormat)
	}
	if _, err := hex.Decode(r.sum[:], tail[:hashLen]); err != nil {
		return record{}, fmt.Errorf("the last line of a record: %w", errFormat)
	}
	return r, nil
}

// link computes hashes of records. It is for one goroutine.
type link struct {
	hash hash.Hash
	sum  sum
}

// follows reports whether the record's hash is the one that it has behind that other one.
func (l *link) follows(r record, prev sum) bool {
	if l.hash == nil {
		l.hash = sha256.New()
	}
	l.hash.Reset()
	l.sum = prev // what an interface is given is on the heap, and this is already
	l.hash.Write(l.sum[:])
	l.hash.Write(r.text[:len(r.text)-tailLen])
	l.hash.Sum(l.sum[:0])
	return l.sum == r.sum
}
