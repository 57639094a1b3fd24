package plane

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// control serves the HTTP API until the plane is closed.
func (p *plane) control() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.info.Control = "http://" + l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p.now()) // whoever asked is gone
	})
	mux.HandleFunc("GET /parts/{part}/log", func(w http.ResponseWriter, r *http.Request) {
		if part := p.named(w, r); part != nil {
			http.ServeFile(w, r, part.log())
		}
	})
	mux.HandleFunc("POST /parts/{part}/{deed}", func(w http.ResponseWriter, r *http.Request) {
		part := p.named(w, r)
		if part == nil {
			return
		}
		if err := do(r.Context(), part, r.PathValue("deed")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		p.say(part.name + ": " + r.PathValue("deed"))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	p.closers = append(p.closers, func() error {
		err := server.Close()
		<-served
		return err
	})
	return nil
}

// named is the part that a request names.
func (p *plane) named(w http.ResponseWriter, r *http.Request) *part {
	part := p.part(r.PathValue("part"))
	if part == nil {
		http.Error(w, fmt.Sprintf("there is no part %q", r.PathValue("part")), http.StatusNotFound)
	}
	return part
}

// do does to a part what it is told.
func do(ctx context.Context, p *part, deed string) error {
	switch deed {
	case "stop":
		return p.stop(syscall.SIGTERM)
	case "kill":
		return p.stop(syscall.SIGKILL)
	case "start":
		return p.start(ctx)
	case "restart":
		if err := p.stop(syscall.SIGTERM); err != nil {
			return err
		}
		return p.start(ctx)
	}
	return fmt.Errorf("%q is none of stop, kill, start, restart", deed)
}
