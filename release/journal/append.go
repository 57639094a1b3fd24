package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
)

// patience is how long an append whose context has ended waits for the outcome of the write that it is
// part of, before it leaves with ErrInDoubt.
const patience = time.Second

// request is an append on its way.
type request struct {
	id       string
	name     []byte // the same
	expected uint64
	head     head
	text     []byte // the record
	body     []byte // the events, and room for those of the next request
	buf      []byte // text lies in here
	prev     sum    // what its hash builds on
	sum      sum
	packs    int // so many do not have the release

	// What follows is guarded by the journal's mu.
	phase phase
	entry *entry // where it is being written
	err   error
	wake  chan struct{} // gets one when the phase is leads or done, if it waits
	waits bool
}

type phase int

const (
	queued phase = iota
	leads        // it is to write, itself and those in the queue
	inWrite
	done
)

// Append adds events, as release.Store asks for. They are on disk when it returns nil.
//
// Appends that come while another one is being written are written together, with one sync for all. So
// one of them is delayed by no more than the write before; but whoever writes waits for the disk, and
// a disk that hangs holds it, whatever its context says.
//
// ErrConflict, ErrClosed, ErrFailed and the context's error say that nothing was written, as do
// errors without a name (no space left, for example): a later append may succeed. With ErrInDoubt
// it is not known; see there. An append that had ErrFailed or ErrInDoubt because of the disk may
// turn out to be there when the journal is opened anew. An ID has at most 1024 bytes, the events of
// one call at most 512 MiB of JSON.
func (j *Journal) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := j.add(ctx, id, expected, events); err != nil {
		return fmt.Errorf("release %s: append: %w", id, err)
	}
	return nil
}

func (j *Journal) add(ctx context.Context, id string, expected uint64, events []ledger.Event) error {
	if len(id) > maxID {
		return fmt.Errorf("the ID has %d bytes, at most %d are possible", len(id), maxID)
	}
	r := j.requests.Get().(*request)
	r.id, r.expected, r.prev, r.packs, r.phase, r.entry, r.err = id, expected, sum{}, 0, queued, nil, nil
	r.name = append(r.name[:0], id...)
	begun, err := j.stand(r, len(events) > 0)
	if err != nil || len(events) == 0 {
		return err
	}
	if r.body, err = encode(r.body[:0], expected, events); err != nil {
		return err
	}
	_, over := events[len(events)-1].Body.(ledger.Finished)
	r.head = head{
		begun: begun, first: expected + 1, count: uint64(len(events)), over: over, length: len(r.body), id: r.name,
	}
	r.buf, r.text, r.sum = compose(r.buf, r.head, r.prev, r.body)
	settled, err := j.submit(ctx, r)
	if settled && cap(r.buf) <= chunk {
		r.entry = nil
		j.requests.Put(r)
	}
	return err
}

// encode writes the events as lines.
func encode(body []byte, expected uint64, events []ledger.Event) (_ []byte, err error) {
	for i, e := range events {
		if want := expected + uint64(i) + 1; e.Seq != want {
			return nil, fmt.Errorf("event %d comes where %d should", e.Seq, want)
		}
		if body, err = e.AppendJSON(body); err != nil {
			return nil, err
		}
		if body = append(body, '\n'); len(body) > maxRecord {
			return nil, fmt.Errorf("the events have more than %d bytes of JSON", maxRecord)
		}
	}
	return body, nil
}

// stand looks where the release stands. A new one gets its number, if something is to be written.
func (j *Journal) stand(r *request, write bool) (begun uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refusal(); err != nil {
		return 0, err
	}
	e := j.entries[r.id]
	if packs := j.packs; e == nil && len(packs) > 0 {
		j.mu.Unlock() // reading takes its time
		e, err = j.unpack(packs, r.name)
		j.mu.Lock()
		if err != nil {
			return 0, err
		}
		if e == nil {
			r.packs = len(packs)
		}
	}
	if err := r.fits(e); err != nil {
		return 0, err
	}
	if e != nil {
		r.prev = e.head
		return e.begun, nil
	}
	if write {
		j.begun++
	}
	return j.begun, nil
}

// fits is the fence.
func (r *request) fits(e *entry) error {
	var last uint64
	if e != nil {
		last = e.last
	}
	if last != r.expected {
		return fmt.Errorf("%w: it has %d events, %d were expected", release.ErrConflict, last, r.expected)
	}
	return nil
}

// submit has the record written: by itself, where nobody writes, or together with others. It tells
// whether nobody knows the request any more.
func (j *Journal) submit(ctx context.Context, r *request) (settled bool, err error) {
	j.mu.Lock()
	if err := j.refusal(); err != nil {
		j.mu.Unlock()
		return true, err
	}
	j.queue = append(j.queue, r)
	r.waits = j.leading
	if r.waits {
		j.mu.Unlock()
		if err, left := j.await(ctx, r); left {
			return false, err
		}
		if r.phase == done {
			return true, r.err
		}
		j.mu.Lock()
		r.waits = false
	}
	j.leading = true
	j.lead()
	defer j.mu.Unlock()
	return true, r.err
}

// await waits until the request is done or has to lead, or leaves it.
func (j *Journal) await(ctx context.Context, r *request) (err error, left bool) {
	if ctx.Done() == nil {
		<-r.wake
		return nil, false
	}
	select {
	case <-r.wake:
		return nil, false
	case <-ctx.Done():
	}
	j.mu.Lock()
	phase := r.phase
	if phase == queued || phase == leads {
		j.withdraw(r)
		j.mu.Unlock()
		return ctx.Err(), true
	}
	j.mu.Unlock()
	// It is being written: what comes of it is known in an instant, unless the disk hangs.
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.wake:
		return nil, false
	case <-timer.C:
		return fmt.Errorf("%w: %w", ErrInDoubt, ctx.Err()), true
	}
}

// withdraw takes a request out of the queue. Where it was to lead, the next one does.
func (j *Journal) withdraw(r *request) {
	for i, other := range j.queue {
		if other == r {
			j.queue = append(j.queue[:i], j.queue[i+1:]...)
			break
		}
	}
	if r.phase == leads {
		j.handOver()
	}
	r.phase = done
}

// handOver lets the next in the queue lead.
func (j *Journal) handOver() {
	if len(j.queue) == 0 {
		j.leading = false
		j.idle.Broadcast()
		return
	}
	next := j.queue[0]
	next.phase = leads
	next.wake <- struct{}{}
}

// settle ends a request.
func (r *request) settle(err error) {
	r.phase, r.err = done, err
	r.rouse()
}

// rouse wakes whoever waits for the request. It may be used for another one at once.
func (r *request) rouse() {
	if r.waits {
		r.wake <- struct{}{}
	}
}

// lead writes what is in the queue, tidies up where a file is full, and hands over. mu is held, but
// not meanwhile.
func (j *Journal) lead() {
	j.gather()
	if batch := j.batch(); len(batch) > 0 {
		j.mu.Unlock()
		places, err := j.tail.write(j, batch)
		j.mu.Lock()
		j.crowd = len(batch)
		if err == nil {
			j.tail.volume.size = j.tail.size
		}
		for i, r := range batch {
			r.entry.busy = false
			if err == nil {
				j.enter(r, places[i])
			}
			r.phase, r.err = done, err
		}
		clear(j.tail.news)
		j.mu.Unlock() // or they would come back to find it held
		for _, r := range batch {
			r.rouse()
		}
		j.mu.Lock()
	}
	if j.tail.size >= j.options.SegmentSize && j.failure == nil {
		j.mu.Unlock()
		j.rotate()
		j.mu.Lock()
	}
	j.handOver()
}

// gather waits an instant for those who were in the commit before: they are about to come with their
// next appends, and one sync for all of them is better than one for the first and one for the others.
// A quarter of what the last commit took, or some turns of the scheduler: whatever ends first. Who is alone lets
// the others have one turn, since on one processor nobody runs while it is written.
func (j *Journal) gather() {
	const turns = 200
	end := time.Now().Add(j.tail.took / 4)
	for n := 0; n < turns && len(j.queue) < max(j.crowd, 2) && (n == 0 || j.crowd > 1 && time.Now().Before(end)); n++ {
		j.mu.Unlock()
		runtime.Gosched()
		j.mu.Lock()
	}
}

// most is how many bytes are written at once, unless a single append has more.
const most = 4 << 20

// batch takes what can be written together out of the queue: one append of each release. Whoever comes
// too late for its release is told so; a further append of a release that is in the batch stays in the
// queue until it is known what became of the first. The leader itself is always first.
func (j *Journal) batch() []*request {
	batch, later := j.tail.batch[:0], j.queue[:0]
	bytes := 0
	for _, r := range j.queue {
		e, err := j.tail.news[r.id], error(nil)
		if e == nil {
			e = j.entries[r.id]
		}
		if e == nil {
			e, err = j.unpack(j.packs[r.packs:], r.name)
		}
		if e != nil && e.busy || bytes > 0 && bytes+len(r.text) > most {
			later = append(later, r)
			continue
		}
		if err == nil {
			err = errors.Join(j.failed(), r.fits(e))
		}
		if err == nil && e != nil && e.head != r.prev {
			err = errors.New("the release was written anew meanwhile")
		}
		if err != nil {
			r.settle(err)
			continue
		}
		if e == nil {
			e = &entry{id: r.id, begun: r.head.begun}
		}
		if len(e.records) == 0 || e.archived {
			j.tail.news[r.id] = e // find does not find it yet, or not this one
		}
		r.phase, r.entry, e.busy = inWrite, e, true
		bytes += len(r.text)
		batch = append(batch, r)
	}
	clear(j.queue[len(later):])
	j.tail.batch = batch
	j.queue = later
	return batch
}

// failed is refusal without the end of the journal: what is in the queue is still written.
func (j *Journal) failed() error {
	if j.failure != nil {
		return fmt.Errorf("%w: %w", ErrFailed, j.failure)
	}
	return nil
}

// enter notes a record that is on disk.
func (j *Journal) enter(r *request, at location) {
	e := r.entry
	if e.archived {
		e.archived = false // it goes on: all of it will be archived anew
	}
	e.last, e.head, e.over = r.head.last(), r.sum, r.head.over
	e.records = append(e.records, at)
	at.volume.live += int64(at.size)
	j.entries[e.id] = e
}
