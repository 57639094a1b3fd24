package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// copyCounts count what became of the requests that were picked to be copied.
type copyCounts struct {
	sent, dropped, tooLarge, incomplete atomic.Uint64
}

// mirrorBody copies a request with a body once the real answer is over, because only then is it
// known to be complete.
func (x *exchange) mirrorBody() {
	if x.body == nil || x.out == nil {
		return
	}
	for _, g := range x.mirrors {
		body, whole := x.body.body()
		switch {
		case whole:
			x.router.mirror(g, x.out, body)
		case !x.body.replayable():
			x.router.copies.tooLarge.Add(1)
		default:
			x.router.copies.incomplete.Add(1)
		}
	}
}

// mirror sends a copy to the group, and returns at once. Requests to upgrade a connection are not
// copied: nobody would talk on the second one.
func (r *Router) mirror(g *routeGroup, out *http.Request, body []byte) {
	if _, upgrade := out.Header["Upgrade"]; upgrade {
		return
	}
	select {
	case r.slots <- struct{}{}:
	default:
		r.copies.dropped.Add(1)
		return
	}
	b := r.acquireIn(g.label)
	if b == nil {
		<-r.slots
		return
	}
	r.copies.sent.Add(1)
	// Of the context only the router's own is kept: the copy outlives its client, and must not
	// pass hints (103) on to it.
	ctx, cancel := context.WithTimeout(r.base, r.opts.MirrorTimeout)
	req := out.Clone(ctx)
	req.URL.Host = b.addr
	req.Header.Set(MirrorHeader, "1")
	req.Header.Del("Expect") // the body is here: there is nothing to wait for
	req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	req.TransferEncoding, req.Trailer = nil, nil
	if len(body) > 0 {
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
	}
	go func() { // awaitCopies waits for it
		defer func() { <-r.slots }()
		defer b.release()
		defer cancel()
		r.send(req, b, g.tally)
	}()
}

// send does a copy, throws its answer away, and counts it for the group. An answer that does not
// end within the time for copies counts as what its status says.
func (r *Router) send(req *http.Request, b *backend, counts *tally) {
	start, status := time.Now(), 0
	res, err := b.transport.RoundTrip(req)
	if err == nil {
		status = res.StatusCode
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if req.Context().Err() != nil {
			err = nil
		}
	} else if _, ok := errors.AsType[unreachable](err); ok {
		b.shun(time.Now())
	}
	if r.base.Err() != nil {
		counts.gone.Add(1)
		return
	}
	took := time.Since(start)
	counts.copies.Add(1)
	counts.record(b, start.Add(took), took, status, r.opts.IsError(status, err))
}

// awaitCopies waits for all copies under way: when it holds all slots, there is none.
func (r *Router) awaitCopies() {
	r.reaping.Lock()
	defer r.reaping.Unlock()
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	for range cap(r.slots) {
		<-r.slots
	}
}
