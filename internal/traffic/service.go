package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/strategy/local"
)

const (
	// VersionHeader is in each answer of a service, and says which version it is. What lacks it was not
	// answered by the service.
	VersionHeader = "X-Version"
	// InstanceHeader says which instance of a fleet answered.
	InstanceHeader = "X-Instance"
	// HealthPath is where a service says that it is ready.
	HealthPath = "/healthz"
)

// Service is a small HTTP service. It answers every path.
type Service struct {
	// Version is what it says it is.
	Version string `json:"version"`
	// Delay is how long an answer takes.
	Delay time.Duration `json:"delay,omitempty"`
	// Fail is the part of the answers that have the status 500, from 0 to 1. They come at even distances, so
	// that of n answers it is n times Fail, give or take one.
	Fail float64 `json:"fail,omitempty"`
	// Sick says that it is never ready.
	Sick bool `json:"sick,omitempty"`
}

// Handler answers as the service.
func (s Service) Handler() http.Handler {
	var answered atomic.Int64
	instance := os.Getenv(local.EnvInstance)
	mux := http.NewServeMux()
	mux.HandleFunc(HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		if s.Sick {
			http.Error(w, "sick", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(s.Delay):
		case <-r.Context().Done():
			return
		}
		w.Header().Set(VersionHeader, s.Version)
		w.Header().Set(InstanceHeader, instance)
		n := answered.Add(1)
		if math.Floor(float64(n)*s.Fail) > math.Floor(float64(n-1)*s.Fail) {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, s.Version+"\n")
	})
	return mux
}

// serve serves until ctx ends, and then until what has begun is answered.
func (s Service) serve(ctx context.Context, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() { ended <- server.Shutdown(context.Background()) })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

// envService has the service that a process shall be, as JSON.
const envService = "DAVIT_TRAFFIC_SERVICE"

// Command starts the service as a process of the running program, which has to call Play first of all.
func (s Service) Command(inst local.InstanceSpec) (local.Command, error) {
	program, err := os.Executable()
	if err != nil {
		return local.Command{}, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return local.Command{}, err
	}
	return local.Command{
		Path: program, Args: []string{inst.Addr},
		Env: append(os.Environ(), envService+"="+string(text)),
	}, nil
}

// Play is the service in a process that Command has started, until it is told to end by SIGTERM. In any other
// process it does nothing, and reports so.
func Play() (played bool, err error) {
	text, is := os.LookupEnv(envService)
	if !is {
		return false, nil
	}
	var s Service
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return true, fmt.Errorf("%s: %w", envService, err)
	}
	if len(os.Args) != 2 {
		return true, errors.New("a service wants the address to listen on, and gets " + strconv.Itoa(len(os.Args)-1) + " arguments")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return true, s.serve(ctx, os.Args[1])
}
