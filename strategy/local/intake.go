package local

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// intake reads a request body once from the client, and hands it to any number of readers, one for
// each attempt to send it: a reader begins with what was kept, and goes on with what still comes.
// As soon as more comes than may be kept, nothing is, and only the reader that was in front goes on.
//
// An attempt may still read when the next one has begun, because a transport's writer outlives its
// RoundTrip. What it reads is kept for the next, so nothing gets lost between them.
type intake struct {
	length int64 // as announced, or -1
	limit  int

	mu   sync.Mutex // held while reading from the client: do not take it to ask for the state
	src  io.Reader
	kept []byte
	read int64
	end  error

	// What is asked for while a read may be waiting for the client.
	lost   atomic.Bool // something was read and not kept
	whole  atomic.Bool // all was read, and kept
	failed atomic.Pointer[error]
}

var errNotKept = errors.New("the request body is too large to be sent again")

func newIntake(src io.Reader, length int64, limit int) *intake {
	return &intake{src: src, length: length, limit: limit}
}

// attempt is a reader of the whole body.
func (in *intake) attempt() io.ReadCloser { return &attempt{in: in} }

// replayable reports whether another attempt would get the whole body.
func (in *intake) replayable() bool { return !in.lost.Load() }

// err is why the client's body could not be read to its end, if so.
func (in *intake) err() error {
	if err := in.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// body is the whole body, if all of it was read and kept.
func (in *intake) body() ([]byte, bool) {
	if !in.whole.Load() {
		return nil, false
	}
	return in.kept, true // nobody changes it any more
}

// fill reads from the client and keeps what it gets. The caller holds in.mu.
func (in *intake) fill(p []byte) (int, error) {
	if in.end != nil {
		return 0, in.end
	}
	n, err := in.src.Read(p)
	in.read += int64(n)
	switch {
	case in.lost.Load():
	case in.length > int64(in.limit), len(in.kept)+n > in.limit:
		if n > 0 {
			in.lost.Store(true)
			in.kept = nil
		}
	default:
		if in.kept == nil && in.length > 0 {
			in.kept = make([]byte, 0, in.length)
		}
		in.kept = append(in.kept, p[:n]...)
	}
	if err != nil {
		in.end = err
		if err != io.EOF {
			in.failed.Store(&err)
		}
	}
	if !in.lost.Load() && (err == io.EOF || in.read == in.length) {
		in.whole.Store(true)
	}
	return n, err
}

// attempt reads an intake from its beginning.
type attempt struct {
	in     *intake
	off    int64 // used under in.mu
	closed atomic.Bool
}

func (a *attempt) Read(p []byte) (int, error) {
	if a.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	in := a.in
	in.mu.Lock()
	defer in.mu.Unlock()
	if a.off == in.read {
		n, err := in.fill(p)
		a.off += int64(n)
		return n, err
	}
	if in.lost.Load() {
		return 0, errNotKept
	}
	n := copy(p, in.kept[a.off:])
	a.off += int64(n)
	return n, nil
}

// Close ends this attempt only; the client's body belongs to the server.
func (a *attempt) Close() error {
	a.closed.Store(true)
	return nil
}
