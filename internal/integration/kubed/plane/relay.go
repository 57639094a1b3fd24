package plane

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// relay stands between the parts and the API server, as the address of several servers does in a real cluster. While
// the server is away it holds back what it is asked, and passes it on once the server is ready. Without it each part
// would stay away for as long again, up to a minute, and each for another time: a pod would end long before its
// Service has taken notice, and no pod can serve on for that long in a test.
type relay struct {
	next  http.RoundTripper
	ready func(ctx context.Context) error
	turn  chan struct{} // is full while somebody asks whether the server is ready
	was   time.Time     // it was ready last, as far as anybody has asked
}

// serveRelay serves the relay with the API server's own certificate until the plane is closed, and gives its address.
func (p *plane) serveRelay(to *rest.Config) (string, error) {
	next, err := rest.TransportFor(to)
	if err != nil {
		return "", err
	}
	server, err := url.Parse(to.Host)
	if err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	silent := log.New(io.Discard, "", 0) // whoever asked is told
	s := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: silent, Handler: &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(server) },
		Transport: &relay{next: next, ready: p.apiReady, turn: make(chan struct{}, 1)}, FlushInterval: -1, ErrorLog: silent,
	}}
	served := make(chan error, 1)
	go func() { served <- s.ServeTLS(l, p.dir.certificate(), p.dir.file("certs", "apiserver.key")) }()
	p.closers = append(p.closers, func() error {
		err := s.Close()
		<-served
		return err
	})
	return "https://" + l.Addr().String(), nil
}

// RoundTrip passes a request on, again and again as long as it is sure that the server has done nothing with it.
func (r *relay) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	for {
		once := request.Clone(request.Context())
		if once.Body = http.NoBody; len(body) > 0 {
			once.Body = io.NopCloser(bytes.NewReader(body))
		}
		answer, err := r.next.RoundTrip(once)
		if err == nil {
			if err = turnedAway(answer); err == nil {
				return answer, nil
			}
		} else if request.Method != http.MethodGet && !unsent(err) {
			return nil, err
		}
		if !r.back(request.Context(), time.Now()) {
			return nil, err
		}
	}
}

// back waits until the server was ready after a moment at which it was not, and reports whether it was. One request
// asks for all.
func (r *relay) back(ctx context.Context, away time.Time) bool {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-r.turn }()
	for !r.was.After(away) {
		select {
		case <-time.After(pace):
		case <-ctx.Done():
			return false
		}
		if r.ready(ctx) == nil {
			r.was = time.Now()
		}
	}
	return true
}

// unsent reports whether a request has met no server at all.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// turnedAway is an error where a server that is to end does not take requests any more.
func turnedAway(answer *http.Response) error {
	if answer.StatusCode != http.StatusTooManyRequests {
		return nil
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.Body = io.NopCloser(bytes.NewReader(text)); strings.Contains(string(text), "shutting down") {
		return errors.New(string(text))
	}
	return nil
}
