package local

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// MirrorHeader marks mirrored copies, with the value "1", so that a service can leave out what must
// not happen twice. What a client sends by that name is removed.
const MirrorHeader = "Davit-Mirror"

// statusClientGone is logged by whatever wraps the router for a request whose client did not
// wait; no client ever sees it. The number is the one that nginx uses.
const statusClientGone = 499

// exchange is one request on its way. It carries a ReverseProxy of its own, whose hooks are methods
// of the exchange, so that they know their request without a context value; both are made once and
// used again, so that this costs nothing.
type exchange struct {
	router *Router
	proxy  httputil.ReverseProxy

	in       *http.Request
	start    time.Time
	group    *routeGroup
	backend  *backend // in flight on it; nil when there is none
	key      string   // of the client, on a sticky table
	fresh    bool     // the key is to be set as a cookie
	mirrors  []*routeGroup
	tried    []*backend // that failed
	repeated bool       // it was sent twice

	out      *http.Request // as sent first
	body     *intake       // nil where the request has none
	answer   answer
	status   int   // of the backend's answer; 0 while there is none
	err      error // why the answer is lacking or incomplete
	gone     bool  // the client's doing: not the backend's error
	settled  bool  // counted already
	finished bool  // the proxy returned and did not panic
}

func newExchange(r *Router, errorLog *log.Logger) *exchange {
	x := &exchange{router: r}
	x.proxy = httputil.ReverseProxy{
		Rewrite:        x.rewrite,
		Transport:      x,
		ModifyResponse: x.answered,
		ErrorHandler:   x.failed,
		BufferPool:     &r.buffers,
		ErrorLog:       errorLog,
	}
	return x
}

// begin decides on the table in effect, and reports whether any backend is there.
func (x *exchange) begin(req *http.Request) bool {
	x.in, x.start = req, time.Now()
	for {
		t := x.router.table.Load()
		x.group = t.decide(x)
		if x.group == nil {
			x.reset()
			return false
		}
		b := x.group.pick(x.start)
		if !x.router.acquire(t, b) {
			continue
		}
		x.backend = b
		for _, g := range t.mirrors {
			if g.label != x.group.label && g.copied.next() < g.mirror {
				x.mirrors = append(x.mirrors, g)
			}
		}
		return true
	}
}

// clientKey asks for the client's key once, even when the decision is made again.
func (x *exchange) clientKey() string {
	if x.key == "" {
		x.key, x.fresh = x.router.clientKey(x.in)
	}
	return x.key
}

// rewrite makes the request to the backend out of the client's. Path, query, Host and all
// end-to-end headers go through as they came.
func (x *exchange) rewrite(pr *httputil.ProxyRequest) {
	in, out := pr.In, pr.Out
	out.URL.Scheme, out.URL.Host = "http", x.backend.addr
	out.URL.RawQuery = in.URL.RawQuery // nothing is decided by the query, so nothing is cleaned
	if x.router.opts.TrustForwarded {
		out.Header["X-Forwarded-For"] = in.Header["X-Forwarded-For"]
		pr.SetXForwarded()
		for _, name := range []string{"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			if v, ok := in.Header[name]; ok {
				out.Header[name] = v
			}
		}
	} else {
		pr.SetXForwarded()
		delete(out.Header, MirrorHeader)
	}
	if out.Body != nil && out.Body != http.NoBody {
		x.body = newIntake(out.Body, out.ContentLength, x.router.opts.BodyBuffer)
		out.Body = x.body.attempt()
		body := x.body
		out.GetBody = func() (io.ReadCloser, error) {
			if !body.replayable() {
				return nil, errNotKept
			}
			return body.attempt(), nil
		}
	}
}

// answered looks at the backend's answer before it goes to the client.
func (x *exchange) answered(res *http.Response) error {
	x.status = res.StatusCode
	if x.fresh {
		res.Header.Add("Set-Cookie", x.router.keyCookie(x.key, x.in.TLS != nil))
	}
	if endless(res) {
		x.settle()
	}
	if res.StatusCode != http.StatusSwitchingProtocols { // that body is the connection
		x.answer = answer{ReadCloser: res.Body}
		res.Body = &x.answer
	}
	return nil
}

// endless reports whether the answer has no end that would tell how long it took.
func endless(res *http.Response) bool {
	if res.StatusCode == http.StatusSwitchingProtocols {
		return true
	}
	base, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(base), "text/event-stream")
}

// failed answers the client when no backend could.
func (x *exchange) failed(w http.ResponseWriter, _ *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	var timeout interface{ Timeout() bool }
	status, text := http.StatusBadGateway, "bad gateway: no backend could answer"
	switch {
	case x.out == nil: // the proxy refused to send it
		x.gone = true
		status, text = http.StatusBadRequest, "bad request: "+err.Error()
	case errors.Is(x.in.Context().Err(), context.Canceled):
		x.gone = true
		status, text = statusClientGone, ""
	case x.body != nil && errors.As(x.body.err(), &tooLarge):
		x.gone = true
		status, text = http.StatusRequestEntityTooLarge, "the request body is too large"
	case x.body != nil && x.body.err() != nil:
		x.gone = true
		status, text = http.StatusBadRequest, "bad request: the body could not be read"
	case errors.As(err, &timeout) && timeout.Timeout():
		status, text = http.StatusGatewayTimeout, "gateway timeout: the backend did not answer in time"
	}
	if !x.gone {
		x.err = err
		x.router.log.Debug("no answer", "group", x.group.label, "method", x.in.Method, "path", x.in.URL.Path,
			"status", status, "error", err)
	}
	http.Error(w, text, status)
}

// end counts the exchange, and gives back what it holds. It also runs when the proxy panics, which
// is how it breaks off an answer.
func (x *exchange) end() {
	if err := x.answer.err; err != nil {
		if errors.Is(x.in.Context().Err(), context.Canceled) {
			x.gone = true
		} else if x.err == nil {
			x.err = err
		}
	} else if !x.finished && x.err == nil {
		x.gone = true // it was the client's side that broke
	}
	x.settle()
	x.mirrorBody()
	if x.backend != nil {
		x.backend.release()
	}
	r := x.router
	x.reset()
	r.exchanges.Put(x)
}

// settle counts the exchange, once.
func (x *exchange) settle() {
	if x.settled {
		return
	}
	x.settled = true
	if x.gone {
		x.group.tally.gone.Add(1)
		return
	}
	took := time.Since(x.start)
	x.group.tally.record(x.backend, x.start.Add(took), took, x.status, x.router.opts.IsError(x.status, x.err))
}

func (x *exchange) reset() {
	clear(x.mirrors)
	clear(x.tried)
	*x = exchange{router: x.router, proxy: x.proxy, mirrors: x.mirrors[:0], tried: x.tried[:0]}
}

// answer is the body of a backend's answer; it remembers whether the backend broke it off.
type answer struct {
	io.ReadCloser
	err error
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		a.err = err
	}
	return n, err
}

// bufferPool lends the buffers that answers are copied with.
type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, bufferSize)
}

func (p *bufferPool) Put(b []byte) { p.pool.Put((*[bufferSize]byte)(b)) }
