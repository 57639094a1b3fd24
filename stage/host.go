package stage

import (
	"context"
	"encoding/json"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/hashicorp/go-hclog"
)

// Host is the engine's side of a [Task]. Stages never see it; engines implement it, and hand it to
// [NewTask]. Its methods are called from any number of goroutines at once, and only while the stage
// runs. What it is given has been checked: keys are declared, names and sizes are right.
type Host interface {
	// Value is what was recorded under a key before the stage began; false where nothing was.
	Value(name string) (json.RawMessage, bool)
	// SetValue keeps a value until the stage ends, and then records it together with the end.
	SetValue(name string, value json.RawMessage) error
	// Checkpoint records the data before it returns. heard is how many signals the stage has dealt
	// with.
	Checkpoint(ctx context.Context, data json.RawMessage, heard int) error
	// Signal waits for the stage's n-th signal, counted from 0 over all attempts. One that is
	// recorded already is returned even when ctx is done; otherwise the error is ctx's cause.
	Signal(ctx context.Context, n int) (Signal, error)
	// Progress, Evidence and Detail record what a stage shows of itself.
	Progress(ctx context.Context, p Progress) error
	Evidence(ctx context.Context, v gate.Verdict) error
	Detail(ctx context.Context, name string, data json.RawMessage) error
}

// Denier is a Host that wants to know when a stage uses what it does not declare, even where the stage
// makes light of the error.
type Denier interface {
	Denied(err error)
}

// Setup is what a Task knows from its start.
type Setup struct {
	// Release is the release that the stage belongs to.
	Release Release
	// Stage is the stage's name in its pipeline, Environment where it works, if that is told.
	Stage, Environment string
	// Attempt counts the calls of Run for this stage of this release, from 1.
	Attempt int
	// Started is when the first attempt began.
	Started time.Time
	// Token is the same for all attempts.
	Token string
	// Logger is the stage's own. Nil: nothing is logged.
	Logger hclog.Logger
	// Checkpoint is what an earlier attempt recorded last; nil where there is none.
	Checkpoint json.RawMessage
	// Heard is how many signals were dealt with by that checkpoint.
	Heard int
	// Fence rises each time another host takes the release over.
	Fence uint64
	// Item is what the stage is made for, where it is made for one of several.
	Item Item
	// Reads, Writes, Listens and Secrets are what the stage declares.
	Reads, Writes []Ref
	Listens       []SignalKind
	Secrets       []string
}
