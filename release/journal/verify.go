package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/hashicorp/go-multierror"
)

// Verify reads all that is in a folder and reports every problem, each as a *CorruptError or an
// error that names the file. It changes nothing, and needs no right to. What a crash left behind
// the last commit is no problem. Where there is no file of a journal, the error is fs.ErrNotExist.
//
// The error is ErrLocked while a journal has the folder open: that one can be asked with its own Verify.
// But it keeps nobody from opening the folder, also while it reads. Where a journal is opened meanwhile,
// nil is about what was read, and in place of a problem that may come from that, the error is ErrLocked,
// too: a problem is reported only when it is found twice and nobody has the folder open.
func Verify(ctx context.Context, dir string) error { return verify(ctx, newFolder(dir)) }

func verify(ctx context.Context, d disk) error {
	err := d.Enter(false)
	if err == nil {
		err = errors.Join(examine(ctx, d), d.Leave())
	}
	if err != nil {
		return fmt.Errorf("verify journal: %w", err)
	}
	return nil
}

// examine inspects a folder that others may open meanwhile.
func examine(ctx context.Context, d disk) error {
	const most = 10 // so often it may be found changed
	var before error
	for range most {
		if err := d.Free(); err != nil {
			return err
		}
		err := inspect(ctx, d, nil)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if busy := d.Free(); busy != nil {
			return busy
		}
		if before != nil && before.Error() == err.Error() {
			return err
		}
		before = err
	}
	return fmt.Errorf("%w: it changes again and again", ErrLocked)
}

// Verify is the function Verify for a journal that is open. It looks at what was written before the
// call. Writing goes on meanwhile, archiving does not.
func (j *Journal) Verify(ctx context.Context) error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return fmt.Errorf("verify journal: %w", ErrClosed)
	}
	j.verifying.Add(1)
	j.mu.Unlock()
	defer j.verifying.Done()
	j.tidying.RLock()
	defer j.tidying.RUnlock()
	j.mu.Lock()
	upTo := new(limit)
	if n := len(j.segments); n > 0 {
		upTo.segment, upTo.size = j.segments[n-1].header.number, j.segments[n-1].size
	}
	closed := func() error {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.closed {
			return ErrClosed
		}
		return nil
	}
	j.mu.Unlock()
	upTo.stop = closed
	if err := inspect(ctx, j.disk, upTo); err != nil {
		return fmt.Errorf("verify journal: %w", err)
	}
	return nil
}

// limit is what an inspection may look at while writing goes on.
type limit struct {
	segment uint64 // the last one
	size    int64  // of it
	stop    func() error
}

// inspection is a look at a whole folder.
type inspection struct {
	ctx      context.Context
	disk     disk
	limit    *limit
	errs     *multierror.Error
	link     link
	decoder  ledger.Decoder
	releases map[string]*entry
	begun    map[uint64]string
	records  []record
}

func inspect(ctx context.Context, d disk, upTo *limit) error {
	c, err := survey(d)
	if err != nil {
		return err
	}
	in := &inspection{ctx: ctx, disk: d, limit: upTo, releases: make(map[string]*entry), begun: make(map[uint64]string)}
	if upTo == nil && len(c.packs)+len(c.segments)+len(c.problems) == 0 {
		return fmt.Errorf("there is no journal here: %w", fs.ErrNotExist)
	}
	for _, err := range c.problems {
		in.report(err)
	}
	for _, v := range c.packs {
		if err := in.pack(v); err != nil {
			return err
		}
	}
	for i, v := range c.segments {
		last := i == len(c.segments)-1
		if upTo != nil {
			if v.header.number > upTo.segment {
				break
			}
			if last = v.header.number == upTo.segment; last {
				v.size = upTo.size
			}
		}
		if err := in.segment(v, last); err != nil {
			return err
		}
	}
	return in.errs.ErrorOrNil()
}

func (in *inspection) report(err error) { in.errs = multierror.Append(in.errs, err) }

// interrupted ends the inspection.
func (in *inspection) interrupted() error {
	if err := in.ctx.Err(); err != nil {
		return err
	}
	if in.limit != nil {
		return in.limit.stop()
	}
	return nil
}

func (in *inspection) segment(v *volume, last bool) error {
	f, err := in.disk.Open(v.name, false, false)
	if err != nil {
		in.report(err)
		return nil
	}
	defer f.Close()
	if last && in.limit == nil {
		if v.size, err = filled(f, v.size); err != nil {
			return fmt.Errorf("read %s: %w", v.name, err)
		}
	}
	w := &window{from: f, size: v.size}
	_, at, err := readHeader(v.name, w)
	if err != nil {
		in.report(err)
		return nil
	}
	s := &scan{name: v.name, w: w, at: at}
	for s.at < w.size && !s.ended {
		if err := in.interrupted(); err != nil {
			return err
		}
		records, err := s.next(in.records)
		if err != nil {
			if last && in.limit == nil {
				if torn, problem := s.torn(); torn && problem == nil {
					return nil
				}
			}
			in.report(err)
			if !in.skip(s) {
				return nil
			}
			continue
		}
		at := s.at
		for _, r := range records {
			at -= int64(len(r.text))
		}
		for _, r := range records {
			in.record(r, v, at)
			at += int64(len(r.text))
		}
		in.records = records
	}
	switch {
	case s.ended && s.at < w.size:
		in.report(s.damage(s.at, "something follows the end of the file"))
	case !s.ended && !last:
		in.report(s.damage(s.at, "the end is missing"))
	}
	return nil
}

// skip goes on behind a damaged commit, if there is anything.
func (in *inspection) skip(s *scan) bool {
	at, err := s.resync(s.at + 1)
	if err != nil {
		in.report(err)
	}
	if err != nil || at < 0 {
		return false
	}
	c, _, err := s.line(at)
	if err != nil {
		return false
	}
	s.at, s.commits = at, c.number
	if !c.end {
		s.commits--
	}
	return true
}

// record checks a record and its events. What is wrong with a release is reported once: after that, it
// is taken as it is.
func (in *inspection) record(r record, v *volume, at int64) {
	damage := func(err error) {
		in.report(&CorruptError{File: v.name, Offset: at, Reason: err.Error(), Err: err})
	}
	e := in.releases[string(r.id)]
	if e == nil {
		e = &entry{id: string(r.id), begun: r.begun}
		in.releases[e.id] = e
		if other, taken := in.begun[r.begun]; taken {
			damage(fmt.Errorf("release %q is number %d, and so is %q", e.id, r.begun, other))
		}
		in.begun[r.begun] = e.id
	}
	if e.archived && r.last() <= e.last {
		return // a leftover
	}
	if err := e.next(r, &in.link); err != nil {
		damage(err)
	}
	if err := checkEvents(r, &in.decoder); err != nil {
		damage(fmt.Errorf("release %q: %w", e.id, err))
	}
	e.last, e.head, e.over, e.begun, e.archived = r.last(), r.sum, r.over, r.begun, v.header.kind == packKind
}

// checkEvents reads the events of a record.
func checkEvents(r record, d *ledger.Decoder) error {
	seq, rest, over := r.first, r.body, false
	for ; len(rest) > 0; seq++ {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		e, err := d.Decode(line)
		if err != nil {
			return err
		}
		if e.Seq != seq {
			return fmt.Errorf("event %d stands where %d should", e.Seq, seq)
		}
		_, over = e.Body.(ledger.Finished)
	}
	switch {
	case seq != r.first+r.count:
		return fmt.Errorf("%d events stand where %d should", seq-r.first, r.count)
	case over != r.over:
		return errors.New("the first line of a record is wrong about whether the release is over")
	}
	return nil
}

func (in *inspection) pack(v *volume) error {
	f, err := in.disk.Open(v.name, false, false)
	if err != nil {
		in.report(err)
		return nil
	}
	defer f.Close()
	if v.size, err = f.Size(); err != nil {
		in.report(err)
		return nil
	}
	w := &window{from: f, size: v.size}
	p, err := readPack(v, w)
	if err != nil {
		in.report(err)
		return nil
	}
	w.size = p.end
	byPlace := make(map[int64]archived, len(p.index))
	for _, a := range p.index {
		byPlace[a.at] = a
	}
	for at := p.body; at < p.end; {
		if err := in.interrupted(); err != nil {
			return err
		}
		a, ok := byPlace[at]
		if !ok {
			in.report(&CorruptError{File: v.name, Offset: at, Reason: "the index does not know what is here"})
			return nil
		}
		delete(byPlace, at)
		in.archived(p, w, a)
		at += a.length
	}
	if len(byPlace) > 0 {
		in.report(&CorruptError{File: v.name, Offset: p.end, Reason: "the index names a place twice, or one that is not there"})
	}
	return nil
}

// archived checks a release in a pack. It may be in an older one, too: then this one has all of it.
func (in *inspection) archived(p *pack, w *window, a archived) {
	damage := func(at int64, reason string) {
		in.report(&CorruptError{File: p.volume.name, Offset: at, Reason: reason})
	}
	var last record
	for at := a.at; at < a.at+a.length; {
		_, size, err := readHead(w, at)
		var text []byte
		if err == nil {
			text, err = w.view(at, size)
		}
		var r record
		if err == nil {
			r, err = parseRecord(text)
		}
		if err != nil {
			damage(at, err.Error())
			return
		}
		if at == a.at {
			if e := in.releases[string(r.id)]; e != nil && e.begun == r.begun && e.last < a.last {
				*e = entry{id: e.id, begun: e.begun}
			}
		}
		in.record(r, p.volume, at)
		at, last = at+int64(size), r
		if keyOf(r.id) != a.key || r.begun != a.begun {
			damage(at, "a record does not fit the index")
			return
		}
	}
	if last.last() != a.last || !last.over {
		damage(a.at, "the records do not fit the index")
	}
}
