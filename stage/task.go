package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/hashicorp/go-hclog"
)

// The largest records that a stage may make, in bytes of JSON.
const (
	MaxCheckpoint = 1 << 20
	MaxDetail     = 64 << 10
)

// ErrEnded says that a task was used after its stage had returned.
var ErrEnded = errors.New("the stage has ended")

// Task is a stage's view of the world. All methods may be called from several goroutines at once,
// until Run returns; after that those that record something fail with ErrEnded.
//
// Where a method records something and returns an error, the record was not kept: the stage should
// stop and return the error, because what is not recorded did not happen.
type Task struct {
	setup Setup
	host  Host

	mu    sync.Mutex
	ended bool

	next  chan struct{} // filled while Next waits, so that signals are taken one by one; nil: none comes
	taken int           // written under next and mu: signals that Next has returned
	heard int           // guarded by mu: signals that were dealt with
}

// NewTask makes the task for one attempt of a stage. It is for engines; a unit test gets one from
// stagetest.
func NewTask(s Setup, h Host) *Task {
	if s.Logger == nil {
		s.Logger = hclog.NewNullLogger()
	}
	s.Logger = discreet{s.Logger}
	t := &Task{setup: s, host: h, taken: s.Heard, heard: s.Heard}
	if len(s.Listens) > 0 {
		t.next = make(chan struct{}, 1)
	}
	return t
}

// End closes the task, and returns how many signals the stage has taken: by its end it has dealt with
// the last one, too. It is for engines, which call it when Run has returned.
func (t *Task) End() (heard int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	return t.taken
}

// Release is the release that the stage works for.
func (t *Task) Release() Release { return t.setup.Release }

// Stage is the stage's name in its pipeline.
func (t *Task) Stage() string { return t.setup.Stage }

// Environment is where the stage works, as its pipeline says: "staging". It may be empty.
func (t *Task) Environment() string { return t.setup.Environment }

// Attempt counts the calls of Run for this stage of this release, from 1.
func (t *Task) Attempt() int { return t.setup.Attempt }

// Started is when the first attempt began. It stays the same over restarts, so that a deadline that
// counts from it does, too. When a person says to retry the stage, it begins anew.
func (t *Task) Started() time.Time { return t.setup.Started }

// Token is the idempotency token: the same for each attempt of this stage of this release, and
// different from all others. Hand it to systems that can refuse to do the same work twice.
func (t *Task) Token() string { return t.setup.Token }

// Fence is the fencing token of the host that runs the stage: it rises each time another host takes the
// release over. Hand it to a target that can refuse whoever comes with a lower one than it has seen:
// a host that was cut off and does not know yet.
func (t *Task) Fence() uint64 { return t.setup.Fence }

// Logger is the stage's own logger. A Secret among the values of a line shows that it is one, in
// whatever format the lines are.
func (t *Task) Logger() hclog.Logger { return t.setup.Logger }

// Checkpoint records, before it returns, how far the stage is, as JSON of at most MaxCheckpoint
// bytes. It replaces the checkpoint before.
func (t *Task) Checkpoint(ctx context.Context, v any) error {
	raw, err := encode("checkpoint", v, MaxCheckpoint)
	if err != nil {
		return err
	}
	if err := t.alive(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	t.mu.Lock()
	heard := t.heard
	t.mu.Unlock()
	return t.host.Checkpoint(ctx, raw, heard)
}

// Restore reads the last checkpoint that an earlier attempt recorded. It is false where there is
// none. A checkpoint that does not fit v is an error, never silently none.
func (t *Task) Restore(v any) (bool, error) {
	if t.setup.Checkpoint == nil {
		return false, nil
	}
	if err := json.Unmarshal(t.setup.Checkpoint, v); err != nil {
		return false, fmt.Errorf("checkpoint: does not fit %T: %w", v, err)
	}
	return true, nil
}

// Next waits for the stage's next signal of a kind that it listens for, or for the end of ctx.
// Signals come in the order in which they were recorded, those from before the stage began included;
// one that is there already comes even when ctx is done. The error at the end of ctx is its cause.
//
// A call of Next says that the signal before has been dealt with. After a restart, signals that were
// not dealt with by the time of the last checkpoint come again; without a checkpoint, all of them.
func (t *Task) Next(ctx context.Context) (Signal, error) {
	if len(t.setup.Listens) == 0 {
		return Signal{}, t.deny("waits for a signal", "Listens must name its kinds")
	}
	select {
	case t.next <- struct{}{}:
		defer func() { <-t.next }()
	case <-ctx.Done():
		select { // a turn that is free is taken even so, since a signal may be there
		case t.next <- struct{}{}:
			defer func() { <-t.next }()
		default:
			return Signal{}, context.Cause(ctx)
		}
	}
	t.mu.Lock()
	t.heard = t.taken
	t.mu.Unlock()
	if err := t.alive(); err != nil {
		return Signal{}, err
	}
	s, err := t.host.Signal(ctx, t.taken)
	if err != nil {
		return Signal{}, err
	}
	t.mu.Lock()
	t.taken++
	t.mu.Unlock()
	return s, nil
}

// Progress is how far a stage is.
type Progress struct {
	// Done of Total is done, in whatever unit suits the stage. Total zero: it is not known.
	Done  float64 `json:"done,omitempty"`
	Total float64 `json:"total,omitempty"`
	// Text says it in a few words: "2 of 3 instances ready".
	Text string `json:"text,omitempty"`
}

// Validate reports numbers that are none, or out of bounds, and a text that is too long.
func (p Progress) Validate() error {
	if !amount(p.Done) {
		return fmt.Errorf("Progress.Done: %v is not an amount", p.Done)
	}
	if !amount(p.Total) {
		return fmt.Errorf("Progress.Total: %v is not an amount", p.Total)
	}
	if p.Total > 0 && p.Done > p.Total {
		return fmt.Errorf("Progress.Done: %v is more than the total of %v", p.Done, p.Total)
	}
	if len(p.Text) > maxText {
		return fmt.Errorf("Progress.Text: %w: %d bytes, at most %d are allowed", ErrTooLarge, len(p.Text), maxText)
	}
	return nil
}

const maxText = 1 << 10

func amount(n float64) bool { return n >= 0 && !math.IsInf(n, 0) }

// Progress shows how far the stage is. An engine may keep only the latest of several in quick
// succession.
func (t *Task) Progress(ctx context.Context, p Progress) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := t.alive(); err != nil {
		return err
	}
	return t.host.Progress(ctx, p)
}

// Evidence records a verdict, so that whoever looks at the release sees what was measured. The
// verdict must have one of the four outcomes, and numbers only.
func (t *Task) Evidence(ctx context.Context, v gate.Verdict) error {
	switch v.Outcome {
	case gate.Pass, gate.Fail, gate.Continue, gate.Inconclusive:
	default:
		return fmt.Errorf("evidence of gate %q: %q is no outcome", v.Gate, v.Outcome)
	}
	if _, err := encode(fmt.Sprintf("evidence of gate %q", v.Gate), v, MaxDetail); err != nil {
		return err
	}
	if err := t.alive(); err != nil {
		return err
	}
	return t.host.Evidence(ctx, v)
}

// Detail records something of the stage's own that a display can show, as JSON of at most MaxDetail
// bytes under a name that says what it is: "rollout-step".
func (t *Task) Detail(ctx context.Context, name string, v any) error {
	if !ValidName(name) {
		return fmt.Errorf("detail %q: %s", name, nameRule)
	}
	raw, err := encode("detail "+name, v, MaxDetail)
	if err != nil {
		return err
	}
	if err := t.alive(); err != nil {
		return err
	}
	return t.host.Detail(ctx, name, raw)
}

func (t *Task) alive() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return fmt.Errorf("stage %s: %w", t.setup.Stage, ErrEnded)
	}
	return nil
}

// deny refuses the use of something that the stage does not declare.
func (t *Task) deny(what, remedy string) error {
	err := fmt.Errorf("stage %s %s: %w: its method %s", t.setup.Stage, what, ErrUndeclared, remedy)
	if d, ok := t.host.(Denier); ok {
		d.Denied(err)
	}
	return err
}

func (t *Task) get(r Ref) (json.RawMessage, error) {
	if !slices.Contains(t.setup.Reads, r) {
		return nil, t.deny("reads key "+r.String(), "Reads must name it")
	}
	if err := t.alive(); err != nil {
		return nil, err
	}
	raw, ok := t.host.Value(r.Name)
	if !ok {
		return nil, fmt.Errorf("key %s: %w", r.Name, ErrNoValue)
	}
	return raw, nil
}

func (t *Task) set(r Ref, raw json.RawMessage) error {
	if !slices.Contains(t.setup.Writes, r) {
		return t.deny("sets key "+r.String(), "Writes must name it")
	}
	if err := t.alive(); err != nil {
		return err
	}
	return t.host.SetValue(r.Name, raw)
}
