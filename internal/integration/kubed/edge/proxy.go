package edge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// copied is how much of a request's body is copied to a mirror, in bytes; a longer one is not mirrored.
	copied = 1 << 20
	// mirrored is how many copies may be under way at once; further ones are left out.
	mirrored = 256
)

// proxy carries requests to the backends.
type proxy struct {
	table   *atomic.Pointer[table]
	forward httputil.ReverseProxy
	mirrors http.RoundTripper
	copies  chan struct{} // one for each copy under way
}

func newProxy(t *atomic.Pointer[table]) *proxy {
	p := &proxy{table: t, mirrors: newTransport(), copies: make(chan struct{}, mirrored)}
	p.forward = httputil.ReverseProxy{
		Transport: once{newTransport()}, BufferPool: &buffers{}, FlushInterval: -1,
		Rewrite:        rewrite,
		ModifyResponse: func(r *http.Response) error { of := choiceOf(r.Request); of.respond(r.Header); return nil },
		ErrorHandler:   lost,
	}
	return p
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:        (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		DisableCompression: true, MaxIdleConnsPerHost: 1024, IdleConnTimeout: time.Minute,
	}
}

// choice is where one request goes, and how.
type choice struct {
	host    string
	rule    *rule   // nil: a Service by itself
	backend *target // nil with rule
}

type chosen struct{}

func choiceOf(r *http.Request) choice { c, _ := r.Context().Value(chosen{}).(choice); return c }

// respond changes the headers of an answer.
func (c choice) respond(h http.Header) {
	if c.rule != nil {
		c.backend.filters.response.apply(h)
		c.rule.filters.response.apply(h)
	}
}

// rewrite makes the request that goes out.
func rewrite(r *httputil.ProxyRequest) {
	c := choiceOf(r.In)
	r.Out.URL.Scheme, r.Out.URL.Host = "http", c.host
	r.Out.Host = r.In.Host
	r.SetXForwarded()
	if c.rule != nil {
		c.rule.filters.request.apply(r.Out.Header)
		c.backend.filters.request.apply(r.Out.Header)
	}
}

// ServeHTTP answers one request.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, code, why := p.choose(r)
	if code != 0 {
		log.Printf("%s %s%s: %d: %s", r.Method, r.Host, r.URL.Path, code, why)
		http.Error(w, why, code)
		return
	}
	p.mirror(c, r)
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), chosen{}, c)))
}

// choose draws a backend for a request, or says why there is none.
func (p *proxy) choose(r *http.Request) (c choice, code int, why string) {
	t, to := p.table.Load(), of(r.Host)
	var from *pool
	if route := t.routes[to]; route != nil {
		if c.rule = route.find(r); c.rule == nil {
			return c, http.StatusNotFound, "no rule of the HTTPRoute matches"
		}
		if c.backend = c.rule.draw(); c.backend == nil || c.backend.pool == nil {
			return c, http.StatusInternalServerError, "the rule has no backend for this request"
		}
		from = c.backend.pool
	} else if s := t.services[to]; s != nil {
		from = s.ports[s.first]
	}
	if from == nil {
		return c, http.StatusNotFound, "there is neither an HTTPRoute nor a Service for this Host"
	}
	if c.host = from.draw(); c.host == "" {
		return c, http.StatusServiceUnavailable, "no endpoint is ready"
	}
	return c, 0, ""
}

// mirror sends the copies that a request is to have, beside it.
func (p *proxy) mirror(c choice, r *http.Request) {
	if c.rule == nil {
		return
	}
	var body []byte
	read := false
	for _, all := range [][]mirror{c.rule.filters.mirrors, c.backend.filters.mirrors} {
		for _, m := range all {
			host := ""
			if m.draw() {
				host = m.to.draw()
			}
			if host == "" {
				continue
			}
			if !read && r.Body != nil && r.Body != http.NoBody {
				start, err := io.ReadAll(io.LimitReader(r.Body, copied+1))
				r.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(bytes.NewReader(start), r.Body), r.Body}
				if err != nil || len(start) > copied {
					return
				}
				body, read = start, true
			}
			p.send(r, host, body)
		}
	}
}

// send sends one copy, and throws the answer away.
func (p *proxy) send(r *http.Request, host string, body []byte) {
	select {
	case p.copies <- struct{}{}:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 10*time.Second)
	duplicate := r.Clone(ctx)
	duplicate.RequestURI, duplicate.URL.Scheme, duplicate.URL.Host = "", "http", host
	duplicate.Body, duplicate.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	go func() { // no longer than its timeout
		defer func() { cancel(); <-p.copies }()
		answer, err := p.mirrors.RoundTrip(duplicate)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}()
}

// lost answers for a backend that did not.
func lost(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		w.WriteHeader(499) // the client went away
		return
	}
	log.Printf("%s %s%s: lost on %s: %v", r.Method, r.Host, r.URL.Path, r.URL.Host, err)
	http.Error(w, err.Error(), http.StatusBadGateway)
}

// once sends each request one time. The transport below would send one again whose connection turns out to be
// closed, unless it has a body that cannot be read twice.
type once struct{ http.RoundTripper }

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		r.Body, r.GetBody = io.NopCloser(empty{}), nil
		delete(r.Header, "Idempotency-Key")
		delete(r.Header, "X-Idempotency-Key")
	}
	return o.RoundTripper.RoundTrip(r)
}

type empty struct{}

func (empty) Read([]byte) (int, error) { return 0, io.EOF }

// buffers keeps the buffers that bodies are copied with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
