package stagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
)

// Host stands in for an engine: it keeps in memory what a stage records. Its fields are set before the
// first Task; its methods may be called at any time, from any goroutine.
type Host struct {
	// Release, Stage and Environment are what the stage is told. NewHost fills in Release and Stage.
	Release            stage.Release
	Stage, Environment string
	// Started is when the first attempt begins. Zero: with the first Task.
	Started time.Time
	// Logger is the stage's. Nil: nothing is logged.
	Logger hclog.Logger

	subject stage.Stage
	given   map[string]json.RawMessage

	mu       sync.Mutex
	attempt  int
	values   map[string]json.RawMessage
	saved    json.RawMessage
	heard    int
	inbox    []stage.Signal
	changed  chan struct{}
	progress []stage.Progress
	verdicts []gate.Verdict
	details  []Detail
	denied   []error
}

// Detail is a detail that a stage has recorded.
type Detail struct {
	Name string
	Data json.RawMessage
}

// Input is the value of a key that a stage before has set.
type Input struct {
	name string
	raw  json.RawMessage
	err  error
}

// Given is a value for a stage to read.
func Given[T any](k stage.Key[T], v T) Input {
	raw, err := k.Encode(v)
	return Input{k.Ref().Name, raw, err}
}

// NewHost makes a host for a stage. It panics when an input cannot be written as JSON.
func NewHost(s stage.Stage, inputs ...Input) *Host {
	h := &Host{
		Release: stage.Release{
			ID: "release-1", Service: "service", RequestedBy: "requester",
			RequestedAt: time.Now().UTC(),
		},
		Stage: "subject", subject: s, given: make(map[string]json.RawMessage),
		changed: make(chan struct{}),
	}
	for _, in := range inputs {
		if in.err != nil {
			panic(in.err)
		}
		h.given[in.name] = in.raw
	}
	return h
}

// Task begins a further attempt: with the last checkpoint, the same token, and the signals that were
// not dealt with by that checkpoint.
func (h *Host) Task() *stage.Task {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attempt++
	if h.Started.IsZero() {
		h.Started = time.Now().UTC()
	}
	h.values = make(map[string]json.RawMessage)
	return stage.NewTask(stage.Setup{
		Release: h.Release, Stage: h.Stage, Environment: h.Environment,
		Attempt: h.attempt, Started: h.Started, Token: h.Release.ID + "/" + h.Stage,
		Logger: h.Logger, Checkpoint: h.saved, Heard: h.heard,
		Reads: stage.Reads(h.subject), Writes: stage.Writes(h.subject), Listens: stage.Listens(h.subject),
	}, desk{h})
}

// Send sends the stage a signal, now.
func (h *Host) Send(kind stage.SignalKind, by, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inbox = append(h.inbox, stage.Signal{
		ID: fmt.Sprintf("signal-%d", len(h.inbox)+1), Kind: kind, Stage: h.Stage, By: by, Why: why, At: time.Now().UTC(),
	})
	close(h.changed)
	h.changed = make(chan struct{})
}

// Value is what the last attempt has set a key to. The error is stage.ErrNoValue where it has not.
func Value[T any](h *Host, k stage.Key[T]) (T, error) {
	var v T
	h.mu.Lock()
	raw, ok := h.values[k.Ref().Name]
	h.mu.Unlock()
	if !ok {
		return v, fmt.Errorf("key %s: %w", k, stage.ErrNoValue)
	}
	err := json.Unmarshal(raw, &v)
	return v, err
}

// Saved is the last checkpoint; nil where there is none.
func (h *Host) Saved() json.RawMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.saved
}

// Shown is the progress that the stage has recorded in all attempts, in order.
func (h *Host) Shown() []stage.Progress {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.progress)
}

// Verdicts are the verdicts that the stage has recorded in all attempts, in order.
func (h *Host) Verdicts() []gate.Verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.verdicts)
}

// Details are the details that the stage has recorded in all attempts, in order.
func (h *Host) Details() []Detail {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.details)
}

// desk is the side of the Host that a Task sees.
type desk struct{ h *Host }

var (
	_ stage.Host   = desk{}
	_ stage.Denier = desk{}
)

func (d desk) Value(name string) (json.RawMessage, bool) {
	raw, ok := d.h.given[name]
	return raw, ok
}

func (d desk) SetValue(name string, value json.RawMessage) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.values[name] = value
	return nil
}

func (d desk) Checkpoint(_ context.Context, data json.RawMessage, heard int) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.saved, d.h.heard = data, heard
	return nil
}

func (d desk) Signal(ctx context.Context, n int) (stage.Signal, error) {
	for {
		d.h.mu.Lock()
		inbox, changed := d.h.inbox, d.h.changed
		d.h.mu.Unlock()
		if n < len(inbox) {
			return inbox[n], nil
		}
		if ctx.Err() != nil {
			return stage.Signal{}, context.Cause(ctx)
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (d desk) Progress(_ context.Context, p stage.Progress) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.progress = append(d.h.progress, p)
	return nil
}

func (d desk) Evidence(_ context.Context, v gate.Verdict) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.verdicts = append(d.h.verdicts, v)
	return nil
}

func (d desk) Detail(_ context.Context, name string, data json.RawMessage) error {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.details = append(d.h.details, Detail{name, data})
	return nil
}

func (d desk) Denied(err error) {
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	d.h.denied = append(d.h.denied, err)
}
