package approval_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
)

var crowd = []string{"ada", "Ada ", "grace", "linus", "eve", "requester", "mallory"}

// random is a stage that may be wired.
func random(r *rand.Rand) approval.Stage {
	for {
		s := approval.Stage{FourEyes: r.IntN(2) == 0}
		switch r.IntN(3) {
		case 0:
			s.Quorum = r.IntN(4)
		case 1:
			s.People, s.Quorum = pick(r), r.IntN(4)
		default:
			for i := range 1 + r.IntN(3) {
				s.Groups = append(s.Groups, approval.Group{Name: fmt.Sprint("g", i), People: pick(r), Quorum: r.IntN(3)})
			}
		}
		if r.IntN(2) == 0 {
			s.Deadline = time.Duration(1+r.IntN(8)) * time.Minute
			s.Default = []approval.Answer{"", approval.Approve, approval.Reject}[r.IntN(3)]
		}
		if s.Validate() == nil {
			return s
		}
	}
}

func pick(r *rand.Rand) []string {
	var some []string
	for _, name := range []string{"ada", "grace", "linus", "eve", "requester"} {
		if r.IntN(3) > 0 {
			some = append(some, name)
		}
	}
	return some
}

// saying is what somebody says, and how long after the begin.
type saying struct {
	by    string
	kind  stage.SignalKind
	after time.Duration
}

func sayings(r *rand.Rand) []saying {
	kinds := []stage.SignalKind{stage.Approve, stage.Approve, stage.Approve, stage.Approve, stage.Approve, stage.Approve, stage.Withdraw, stage.Withdraw, stage.Reject}
	var all []saying
	after := time.Duration(0)
	for range r.IntN(14) {
		after += time.Duration(r.IntN(3)) * 30 * time.Second
		all = append(all, saying{crowd[r.IntN(len(crowd))], kinds[r.IntN(len(kinds))], after})
	}
	return all
}

func tame(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// oracle is the answer by the plainest means: after each signal everything is counted anew.
func oracle(s approval.Stage, said []saying) stage.Outcome {
	groups := s.Groups
	if groups == nil {
		groups = []approval.Group{{People: s.People, Quorum: s.Quorum}}
	}
	in := func(g approval.Group, name string) bool {
		for _, p := range g.People {
			if tame(p) == name {
				return true
			}
		}
		return len(g.People) == 0
	}
	yes := map[string]bool{}
	for _, sig := range said {
		name := tame(sig.by)
		if s.Deadline > 0 && sig.after >= s.Deadline {
			continue
		}
		asked := false
		for _, g := range groups {
			asked = asked || in(g, name)
		}
		requester := s.FourEyes && name == "requester"
		switch sig.kind {
		case stage.Reject:
			if asked || requester {
				return stage.Rejected
			}
		case stage.Withdraw:
			delete(yes, name)
		case stage.Approve:
			if asked && !requester {
				yes[name] = true
			}
		}
		var people []string
		for name := range yes {
			people = append(people, name)
		}
		var free []int
		for _, g := range groups {
			free = append(free, max(g.Quorum, 1))
		}
		if fill(groups, in, people, free) {
			return stage.Succeeded
		}
	}
	switch {
	case s.Deadline == 0:
		return stage.Waiting
	case s.Default == approval.Approve:
		return stage.Succeeded
	}
	return stage.Rejected
}

// fill tries every way to seat people.
func fill(groups []approval.Group, in func(approval.Group, string) bool, people []string, free []int) bool {
	left := 0
	for _, n := range free {
		left += n
	}
	if left == 0 {
		return true
	}
	if len(people) == 0 {
		return false
	}
	for i, g := range groups {
		if free[i] > 0 && in(g, people[0]) {
			free[i]--
			done := fill(groups, in, people[1:], free)
			free[i]++
			if done {
				return true
			}
		}
	}
	return fill(groups, in, people[1:], free)
}

var errDied = errors.New("the host died")

// flaky is an engine that dies at its n-th record, before or after it is kept.
type flaky struct {
	inbox []stage.Signal
	saved json.RawMessage
	heard int
	die   int // counts down to the record at which it dies; negative: it does not
	kept  bool
	notes []string
}

func (f *flaky) record(keep func()) error {
	f.die--
	if f.die == 0 {
		if f.kept {
			keep()
		}
		return errDied
	}
	keep()
	return nil
}
func (f *flaky) Value(string) (json.RawMessage, bool)           { return nil, false }
func (f *flaky) SetValue(string, json.RawMessage) error         { return nil }
func (f *flaky) Evidence(context.Context, gate.Verdict) error   { return nil }
func (f *flaky) Progress(context.Context, stage.Progress) error { return f.record(func() {}) }
func (f *flaky) Detail(_ context.Context, _ string, data json.RawMessage) error {
	return f.record(func() { f.notes = append(f.notes, string(data)) })
}
func (f *flaky) Checkpoint(_ context.Context, data json.RawMessage, heard int) error {
	return f.record(func() { f.saved, f.heard = data, heard })
}
func (f *flaky) Signal(ctx context.Context, n int) (stage.Signal, error) {
	if n < len(f.inbox) {
		return f.inbox[n], nil
	}
	return stage.Signal{}, context.Cause(ctx)
}

func (f *flaky) run(t *testing.T, s approval.Stage, began time.Time) error {
	return s.Run(t.Context(), stage.NewTask(stage.Setup{
		Release: stage.Release{ID: "r", RequestedBy: "requester"}, Stage: "approve", Started: began,
		Checkpoint: f.saved, Heard: f.heard, Listens: s.Listens(),
	}, f))
}

// In whichever way the answers are spread over runs, and wherever the host dies, the answer is the same.
func TestTheAnswerDoesNotDependOnTheRuns(t *testing.T) {
	ends := map[stage.Outcome]int{}
	for seed := uint64(0); seed < 5000 && !t.Failed(); seed++ {
		r := rand.New(rand.NewPCG(seed, 1))
		s, said := random(r), sayings(r)
		synctest.Test(t, func(t *testing.T) {
			if stage.OutcomeOf((&flaky{}).run(t, s, time.Now())) == stage.Failed {
				return // four eyes that cannot be had
			}
			w := walk{t: t, r: r, stage: s, crashes: r.IntN(2) == 0, began: time.Now()}
			got, want := w.through(said), oracle(s, said)
			ends[want]++
			assert.Equal(t, want, got, "seed %d: %+v %v", seed, s, said)
			if !w.crashes {
				assert.Equal(t, len(w.notes), len(slices.Compact(slices.Sorted(slices.Values(w.notes)))), "seed %d: notes are made once", seed)
			}
		})
	}
	for _, o := range []stage.Outcome{stage.Succeeded, stage.Rejected, stage.Waiting} {
		assert.Greater(t, ends[o], 500, "%s", o)
	}
}

// walk lets answers come by the clock, and runs the stage now and then.
type walk struct {
	flaky
	t       *testing.T
	r       *rand.Rand
	stage   approval.Stage
	crashes bool
	began   time.Time
}

func (w *walk) through(said []saying) stage.Outcome {
	for i, one := range said {
		if w.r.IntN(4) == 0 {
			if o := w.attempt(); o != stage.Waiting {
				return o
			}
		}
		time.Sleep(time.Until(w.began.Add(one.after)))
		w.inbox = append(w.inbox, stage.Signal{ID: fmt.Sprint(i), Kind: one.kind, By: one.by, At: time.Now()})
		if w.r.IntN(2) == 0 {
			if o := w.attempt(); o != stage.Waiting {
				return o
			}
		}
	}
	time.Sleep(time.Until(w.began.Add(w.stage.Deadline)))
	return w.attempt()
}

// attempt runs the stage until its host survives it.
func (w *walk) attempt() stage.Outcome {
	for {
		w.die, w.kept = -1, w.r.IntN(2) == 0
		if w.crashes && w.r.IntN(3) == 0 {
			w.die = 1 + w.r.IntN(4)
		}
		err := w.run(w.t, w.stage, w.began)
		if !errors.Is(err, errDied) && (!w.crashes || w.r.IntN(4) > 0) { // or it died before the end was recorded
			return stage.OutcomeOf(err)
		}
	}
}
