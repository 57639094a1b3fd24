package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// order is a line that a host is told on its standard input. The end of the input ends the host.
type order struct {
	Release string        `json:"release"`
	Version string        `json:"version,omitempty"` // begin a release of it
	Signal  *stage.Signal `json:"signal,omitempty"`
}

// line is a line that a host tells on its standard output.
type line struct {
	Ready   bool          `json:"ready,omitempty"`   // it is up
	Taken   []string      `json:"taken,omitempty"`   // and has taken up these releases
	Adopted []int         `json:"adopted,omitempty"` // and these shops
	Release string        `json:"release,omitempty"` // what happened
	Event   *ledger.Event `json:"event,omitempty"`
	Refused string        `json:"refused,omitempty"` // why an order was not followed
}

// host carries releases: it is the program that a team runs somewhere.
type host struct {
	dir     string
	runner  *release.Runner
	place   *production
	outside outside

	mu       sync.Mutex
	out      *json.Encoder
	watchers sync.WaitGroup
}

// beHost is the life of a host: open the journal, take up what is not over, take orders, and stop. The
// runner is stopped before its journal is closed: until then it records.
func beHost(dir, world string, in io.Reader, out io.Writer) (err error) {
	// A Ctrl-C reaches all processes of the terminal: whoever has started this one decides when it ends.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	ctx := context.Background()
	events, err := journal.Open(filepath.Join(dir, "journal"), journal.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	h := &host{dir: dir, outside: outside{world, &http.Client{Timeout: time.Minute}}, out: json.NewEncoder(out)}
	if h.place, err = openProduction(ctx, dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.place.close(ctx)) }()
	h.runner = release.NewRunner(release.Config{Store: events})
	defer func() {
		grace, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		h.runner.Stop(grace)
		h.watchers.Wait()
	}()
	taken, err := h.runner.TakeUp(ctx, pipeline(h.place, h.outside))
	if err != nil {
		return err
	}
	h.tell(line{Ready: true, Taken: taken, Adopted: h.place.adopted})
	for _, id := range taken {
		h.watch(ctx, id)
	}
	return h.obey(ctx, in)
}

// obey follows orders until there are no more.
func (h *host) obey(ctx context.Context, in io.Reader) error {
	orders := bufio.NewScanner(in)
	for orders.Scan() {
		var o order
		err := json.Unmarshal(orders.Bytes(), &o)
		switch {
		case err != nil:
		case o.Signal != nil:
			err = h.runner.Signal(ctx, o.Release, *o.Signal)
		default:
			if err = h.begin(ctx, o); err == nil {
				h.watch(ctx, o.Release)
			}
		}
		if err != nil {
			h.tell(line{Release: o.Release, Refused: err.Error()})
		}
	}
	return orders.Err()
}

func (h *host) begin(ctx context.Context, o order) error {
	return h.runner.Begin(ctx, pipeline(h.place, h.outside), release.Request{
		ID: o.Release, Service: "shop", RequestedBy: "ada",
		Inputs: []release.Value{
			release.Input(stage.Version, o.Version),
			release.Input(regions, []string{"eu", "us", "asia"}),
		},
	})
}

// watch tells all that happens to a release, from its begin.
func (h *host) watch(ctx context.Context, id string) {
	h.watchers.Go(func() {
		for e, err := range h.runner.Watch(ctx, id, 0) {
			if err != nil {
				h.tell(line{Release: id, Refused: err.Error()})
				return
			}
			h.tell(line{Release: id, Event: &e})
		}
	})
}

// tell writes a line. Nobody may be there to read it: that is no reason to stop.
func (h *host) tell(l line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.out.Encode(l)
}
