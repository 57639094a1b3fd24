package notifytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
)

// Server is a Place for channels that speak HTTP, on this machine. Make one with NewServer.
type Server struct {
	// URL is its address.
	URL string

	server *httptest.Server
	read   func(r *http.Request, body []byte) ([]Arrival, error)
	over   chan struct{}

	mu      sync.Mutex
	arrived []Arrival
	failure Failure
}

var (
	_ Place  = (*Server)(nil)
	_ Failer = (*Server)(nil)
)

// NewServer makes a server that reads requests by the function. A request that it cannot read is answered with 500.
func NewServer(read func(r *http.Request, body []byte) ([]Arrival, error)) *Server {
	s := &Server{read: read, over: make(chan struct{})}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL
	return s
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	failure := s.failure
	s.mu.Unlock()
	switch failure {
	case Refuse:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	case Forbid:
		http.Error(w, "never", http.StatusUnprocessableEntity)
		return
	case Cut:
		panic(http.ErrAbortHandler) // that is how a handler cuts a connection
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.over:
		}
		return
	}
	arrivals, err := s.read(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived = append(s.arrived, arrivals...)
	w.WriteHeader(http.StatusNoContent)
}

// Arrived is what has arrived so far.
func (s *Server) Arrived() []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.arrived)
}

// Fail says how it fails from now on.
func (s *Server) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = f
}

// Close ends the server.
func (s *Server) Close() {
	close(s.over)
	s.server.Close()
}
