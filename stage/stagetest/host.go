package stagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	// Fence and Item are what the stage is told by Task.Fence and Task.Item.
	Fence uint64
	Item  stage.Item

	subject stage.Stage
	given   map[string]json.RawMessage
	secrets map[string]stage.Secret

	mu       sync.Mutex
	attempt  int
	undone   int // calls of UndoTask
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

// NewHost makes a host for a stage. It panics when an input cannot be written as JSON.
func NewHost(s stage.Stage, inputs ...Input) *Host {
	h := &Host{
		Release: stage.Release{
			ID: "release-1", Service: "service", RequestedBy: "requester",
			RequestedAt: time.Now().UTC(),
		},
		Stage: "subject", Fence: 1, subject: s, given: make(map[string]json.RawMessage),
		secrets: make(map[string]stage.Secret), changed: make(chan struct{}),
	}
	for _, in := range inputs {
		switch {
		case in.err != nil:
			panic(in.err)
		case in.secret != nil:
			h.secrets[in.name] = *in.secret
		default:
			h.given[in.name] = in.raw
		}
	}
	return h
}

// Task begins a further attempt: with the last checkpoint, the same token, and the signals that were
// not dealt with by that checkpoint.
func (h *Host) Task() *stage.Task {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attempt++
	h.values = make(map[string]json.RawMessage)
	setup := h.setup()
	setup.Attempt, setup.Token, setup.Heard = h.attempt, h.Release.ID+"/"+h.Stage, h.heard
	setup.Reads, setup.Writes, setup.Listens = stage.Reads(h.subject), stage.Writes(h.subject), stage.Listens(h.subject)
	return stage.NewTask(setup, desk{h, h.given})
}

// UndoTask begins a further attempt of Undo: with the last checkpoint, the same token, and the values that the
// stage reads, and those that its last attempt has set, to read. There are no keys to set, and no
// signals to take.
func (h *Host) UndoTask() *stage.Task {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.undone++
	setup := h.setup()
	setup.Attempt, setup.Token = h.undone, h.Release.ID+"/"+h.Stage
	setup.Reads = slices.Concat(stage.Reads(h.subject), stage.Writes(h.subject))
	values := maps.Clone(h.given)
	maps.Copy(values, h.values)
	return stage.NewTask(setup, desk{h, values})
}

// setup is what all tasks have in common.
func (h *Host) setup() stage.Setup {
	if h.Started.IsZero() {
		h.Started = time.Now().UTC()
	}
	return stage.Setup{
		Release: h.Release, Stage: h.Stage, Environment: h.Environment, Started: h.Started,
		Logger: h.Logger, Checkpoint: h.saved, Fence: h.Fence, Item: h.Item, Secrets: stage.Secrets(h.subject),
	}
}

// Run runs the stage as an engine does: again, whenever it waits, once a further signal has come or its
// time has. It returns how the stage ended, or, when ctx ends while it waits, the cause of that.
func (h *Host) Run(ctx context.Context) error {
	err := h.drive(ctx, h.subject)
	if stage.OutcomeOf(err) == stage.Waiting {
		return context.Cause(ctx)
	}
	return err
}

// drive is Run for another value of the stage. When ctx ends while the stage waits, it says so.
func (h *Host) drive(ctx context.Context, s stage.Stage) error {
	for {
		known := h.signals()
		err, heard := h.once(ctx, s)
		waits, ok := errors.AsType[*stage.Error](err)
		if !ok || stage.OutcomeOf(err) != stage.Waiting || !h.await(ctx, max(known, heard), waits.Until) {
			return err
		}
	}
}

// once runs one attempt, and tells how many signals it has dealt with. What an attempt sets that does
// not succeed is not kept.
func (h *Host) once(ctx context.Context, s stage.Stage) (err error, heard int) {
	task := h.Task()
	defer func() { heard = task.End() }()
	if err = s.Run(ctx, task); err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.values = make(map[string]json.RawMessage)
	}
	return err, 0
}

func (h *Host) signals() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.inbox)
}

// await waits for more signals than are known, or a time. It is false when ctx ends before.
func (h *Host) await(ctx context.Context, known int, until time.Time) bool {
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(max(time.Until(until), time.Millisecond)) // a time that has passed is no reason to spin
		defer timer.Stop()
		due = timer.C
	}
	for {
		h.mu.Lock()
		more, changed := len(h.inbox) > known, h.changed
		h.mu.Unlock()
		if more {
			return ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-due:
			return ctx.Err() == nil
		case <-ctx.Done():
			return false
		}
	}
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
