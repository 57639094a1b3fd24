package ledger

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Policy is what becomes of a release when a stage of it ends badly, or when it is aborted.
type Policy string

const (
	// Stop begins no further stage and leaves what was done as it is.
	Stop Policy = "stop"
	// Undo begins no further stage, lets what is under way end, as with an abort, and undoes what was
	// done, the latest first.
	Undo Policy = "undo"
	// GoOn goes on as if the stage had succeeded, where it failed or was rolled back.
	GoOn Policy = "go-on"
	// Freeze leaves all as it is, begins nothing, and waits for a person: who says retry, skip or
	// abort to the stage, or aborts the release. What runs goes on. The release stays frozen until
	// the stage is over.
	Freeze Policy = "freeze"
)

// Origin is where a release was forked from.
type Origin struct {
	Release string `json:"release"`
	Stage   string `json:"stage"`
}

// Condition asks for how an earlier stage ended.
type Condition struct {
	// Stage is the stage, Is the outcomes that are good.
	Stage string          `json:"stage"`
	Is    []stage.Outcome `json:"is"`
}

// String is the condition in words: "canary is failed or rolled-back".
func (c Condition) String() string {
	var is []string
	for _, o := range c.Is {
		is = append(is, string(o))
	}
	return c.Stage + " is " + strings.Join(is, " or ")
}

// Each makes a stage once for each item of a list.
type Each struct {
	// Key holds the list: a []string of names, or a map from names to values of any type, in which
	// case the order is that of the names.
	Key stage.Ref `json:"key"`
	// Parallel is how many of them run at once. Zero: as many as the pipeline allows.
	Parallel int `json:"parallel,omitempty"`
}

// The defaults of a Retry.
const (
	DefaultBackoff    = time.Second
	DefaultMaxBackoff = 5 * time.Minute
)

// Retry says how often a stage that failed is tried again. The zero value: never.
type Retry struct {
	// Attempts is how many failed attempts there are at most, the first one included. Attempts
	// after a host's death or stop do not count. Zero and one: a failure is not tried again.
	Attempts int `json:"attempts,omitempty"`
	// Backoff is the wait after the first failure; it doubles with each further one, up to
	// MaxBackoff. Zero: DefaultBackoff, and DefaultMaxBackoff or Backoff, whichever is longer. The
	// wait is between a half and the whole of that, by a number drawn from the release, the stage and
	// the attempt: releases that fail together do not come back together. In JSON: nanoseconds.
	Backoff    time.Duration `json:"backoff_ns,omitempty"`
	MaxBackoff time.Duration `json:"max_backoff_ns,omitempty"`
}

// Wait is how long to wait after a number of failures, from 1. The seed decides where in its range
// the wait lies.
func (r Retry) Wait(failures int, seed string) time.Duration {
	wait, most := r.Backoff, r.MaxBackoff
	if wait <= 0 {
		wait = DefaultBackoff
	}
	if most <= 0 {
		most = max(DefaultMaxBackoff, wait)
	}
	for n := failures; n > 1 && wait < most; n-- {
		wait *= 2
		if wait <= 0 { // beyond what a duration can hold
			wait = most
		}
	}
	wait = min(wait, most)
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%d", seed, failures)
	half := wait / 2
	return half + time.Duration(h.Sum64()%uint64(wait-half+1))
}

// Check calls bad with each thing that is wrong with the stage by itself.
func (p Stage) Check(bad func(format string, args ...any)) {
	switch p.OnFailure {
	case "", Stop, Undo, GoOn, Freeze:
	default:
		bad("stage %s: OnFailure: %q is no policy", p.Name, p.OnFailure)
	}
	for _, d := range [...]struct {
		field string
		time.Duration
	}{
		{"Timeout", p.Timeout}, {"AttemptTimeout", p.AttemptTimeout}, {"UndoTimeout", p.UndoTimeout},
		{"Retry.Backoff", p.Retry.Backoff}, {"Retry.MaxBackoff", p.Retry.MaxBackoff},
	} {
		if d.Duration < 0 {
			bad("stage %s: %s: %s is below zero", p.Name, d.field, d.Duration)
		}
	}
	if p.Retry.Attempts < 0 {
		bad("stage %s: Retry.Attempts: %d is below zero", p.Name, p.Retry.Attempts)
	}
	if p.Retry.MaxBackoff > 0 && p.Retry.MaxBackoff < p.Retry.Backoff {
		bad("stage %s: Retry.MaxBackoff: %s is less than the Backoff of %s", p.Name, p.Retry.MaxBackoff, p.Retry.Backoff)
	}
	if !p.Criterion.known() {
		bad("stage %s: Criterion: %q is none", p.Name, p.Criterion)
	}
	if !slices.Contains(stage.Effects(), p.Effect) {
		bad("stage %s: Effect: %q is no class", p.Name, p.Effect)
	}
	if p.Effect == stage.AtMostOnce && p.Retry.Attempts > 1 {
		bad("stage %s: Retry: it runs at most once, so a failure cannot be tried again", p.Name)
	}
	for _, c := range p.When {
		if !slices.Contains(p.Needs, c.Stage) {
			bad("stage %s: When: it does not need %q, whose outcome it asks for", p.Name, c.Stage)
		}
		for _, o := range c.Is {
			if !settled(o) {
				bad("stage %s: When: no stage ends as %q", p.Name, o)
			}
		}
		if len(c.Is) == 0 {
			bad("stage %s: When: no outcome of %s is good", p.Name, c.Stage)
		}
	}
	if p.Each != nil && p.Each.Parallel < 0 {
		bad("stage %s: Each.Parallel: %d is below zero", p.Name, p.Each.Parallel)
	}
}

// settled reports whether a stage that has ended so is over.
func settled(o stage.Outcome) bool {
	return o != stage.Interrupted && o != stage.Waiting && slices.Contains(stage.Outcomes(), o)
}
