package ledger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/require"
)

// task is a stage of a random pipeline: what it takes, and how it ends when nobody disturbs it.
type task struct {
	ledger.Stage
	takes int // seconds
	ends  stage.Outcome
}

// course is a random release.
type course struct {
	tasks    []task
	parallel int
	abortAt  int // -1: never
	pauseAt  int // -1: never
	resumeAt int
}

func randomCourse(r *rand.Rand) course {
	c := course{parallel: 1 + r.IntN(4), abortAt: -1, pauseAt: -1}
	outcomes := []stage.Outcome{stage.Failed, stage.RolledBack, stage.Skipped, stage.Stranded, stage.Rejected}
	for i := range 1 + r.IntN(8) {
		t := task{Stage: ledger.Stage{Name: fmt.Sprintf("s%d", i)}, takes: 1 + r.IntN(9), ends: stage.Succeeded}
		for j := range i {
			if r.IntN(3) == 0 {
				t.Needs = append(t.Needs, fmt.Sprintf("s%d", j))
			}
		}
		if r.IntN(5) == 0 {
			t.ends = outcomes[r.IntN(len(outcomes))]
		}
		t.Always = r.IntN(6) == 0
		if r.IntN(4) == 0 {
			t.OnFailure = ledger.GoOn
		}
		c.tasks = append(c.tasks, t)
	}
	if r.IntN(4) == 0 {
		c.abortAt = r.IntN(20)
	}
	if r.IntN(4) == 0 {
		c.pauseAt = r.IntN(10)
		c.resumeAt = c.pauseAt + 1 + r.IntN(10)
	}
	return c
}

// story is what came of a release: for each stage when it began (-1: never) and how it ended, and how
// the release did.
type story struct {
	Began   []int
	Ended   []stage.Outcome
	Outcome stage.Outcome
}

// tell works out the story second by second, in the plainest way, without any event.
func (c course) tell() story {
	n := len(c.tasks)
	s := story{Began: slices.Repeat([]int{-1}, n), Ended: make([]stage.Outcome, n)}
	order := []int{} // of the ends
	end := func(i int, o stage.Outcome) { s.Ended[i] = o; order = append(order, i) }
	index := func(name string) (i int) { fmt.Sscanf(name, "s%d", &i); return i }
	forgiven := func(i int) bool {
		return c.tasks[i].OnFailure == ledger.GoOn && (s.Ended[i] == stage.Failed || s.Ended[i] == stage.RolledBack)
	}
	bad := func(i int) bool {
		return s.Ended[i] != "" && s.Ended[i] != stage.Succeeded && s.Ended[i] != stage.Skipped && !forgiven(i)
	}
	aborted := false
	for now := 0; slices.Contains(s.Ended, ""); now++ {
		for i := range n {
			if s.Began[i] >= 0 && s.Ended[i] == "" && s.Began[i]+c.tasks[i].takes == now {
				end(i, c.tasks[i].ends)
			}
		}
		if now == c.abortAt {
			aborted = true
			for i := range n {
				if s.Began[i] >= 0 && s.Ended[i] == "" {
					end(i, stage.Aborted)
				}
			}
		}
		halted := aborted
		for i := range n {
			halted = halted || bad(i)
		}
		paused := c.pauseAt >= 0 && now >= c.pauseAt && now < c.resumeAt && !(aborted && c.abortAt >= c.pauseAt)
		for i, t := range c.tasks {
			ready, cut := s.Ended[i] == "" && s.Began[i] < 0, false
			for _, need := range t.Needs {
				j := index(need)
				ready = ready && s.Ended[j] != ""
				cut = cut || s.Ended[j] != stage.Succeeded && !forgiven(j)
			}
			running := 0
			for j := range n {
				if s.Began[j] >= 0 && s.Ended[j] == "" {
					running++
				}
			}
			switch {
			case !ready:
			case !t.Always && (halted || cut):
				end(i, stage.Skipped)
			case !paused && running < c.parallel:
				s.Began[i] = now
			}
		}
	}
	s.Outcome = c.outcome(s, order, aborted, bad)
	return s
}

func (c course) outcome(s story, order []int, aborted bool, bad func(int) bool) stage.Outcome {
	if slices.Contains(s.Ended, stage.Stranded) {
		return stage.Stranded
	}
	if aborted {
		return stage.Aborted
	}
	for _, i := range order {
		if bad(i) {
			return s.Ended[i]
		}
	}
	sinks, skipped, leftOut, done := 0, 0, false, false
	for i, t := range c.tasks {
		if !t.Always {
			leftOut = leftOut || s.Ended[i] == stage.Skipped && s.Began[i] < 0
			done = done || s.Ended[i] != stage.Skipped
		}
		needed := slices.ContainsFunc(c.tasks, func(o task) bool { return !o.Always && slices.Contains(o.Needs, t.Name) })
		if !t.Always && !needed {
			sinks++
			if s.Ended[i] == stage.Skipped {
				skipped++
			}
		}
	}
	if sinks > 0 && sinks == skipped && (leftOut || !done) {
		return stage.Skipped
	}
	return stage.Succeeded
}

// run carries the release by the ledger, and returns its story and its events.
func (c course) run(t *testing.T) (story, []ledger.Event) {
	p := ledger.Pipeline{Name: "random", Parallel: c.parallel}
	for _, task := range c.tasks {
		p.Stages = append(p.Stages, task.Stage)
	}
	var events []ledger.Event
	state, now := new(ledger.State), epoch
	add := func(e ledger.Event) {
		require.NoError(t, state.Apply(e))
		events = append(events, e)
	}
	put := func(name string, b ledger.Body) {
		e := ledger.Event{Seq: state.Seq + 1, Time: now, Stage: name, Body: b}
		if st := state.Stage(name); st != nil {
			e.Attempt = st.Attempt
		}
		add(e)
	}
	say := func(kind stage.SignalKind) {
		sig := stage.Signal{ID: string(kind), Kind: kind, By: "ada", At: now}
		if _, err := state.Accept(sig); err == nil {
			put("", ledger.Signalled{Signal: sig})
		}
	}
	put("", ledger.Requested{Release: stage.Release{ID: "r1", Service: "s", RequestedBy: "ada"}, Pipeline: p})
	for second := 0; !state.Over(); second++ {
		require.Less(t, second, 1000, "the release hangs")
		now = epoch.Add(time.Duration(second) * time.Second)
		for i := range state.Stages {
			if st := &state.Stages[i]; st.Running() && now.Sub(st.Started) == time.Duration(c.tasks[i].takes)*time.Second {
				put(st.Name, ledger.Ended{Outcome: c.tasks[i].ends})
			}
		}
		switch second {
		case c.pauseAt:
			say(stage.Pause)
		case c.resumeAt:
			say(stage.Resume)
		}
		if second == c.abortAt {
			say(stage.Abort)
		}
		for again := true; again; {
			d := ledger.Decide(state, now)
			require.Equal(t, d, ledger.Decide(state, now), "the same state, the same decision")
			for _, e := range d.Append {
				add(e)
			}
			for _, cancel := range d.Cancel {
				put(cancel.Stage, ledger.EndOf(cancel.Cause, cancel.Cause))
			}
			again = len(d.Append)+len(d.Cancel) > 0
		}
	}
	return storyOf(state), events
}

func storyOf(state *ledger.State) story {
	s := story{Outcome: state.Outcome}
	for i := range state.Stages {
		st := &state.Stages[i]
		began := -1
		if st.Attempt > 0 {
			began = int(st.Started.Sub(epoch) / time.Second)
		}
		s.Began, s.Ended = append(s.Began, began), append(s.Ended, st.Outcome)
	}
	return s
}

func TestTheLedgerAgreesWithThePlainStory(t *testing.T) {
	for seed := range uint64(2000) {
		c := randomCourse(rand.New(rand.NewPCG(seed, 1)))
		got, events := c.run(t)
		require.Equal(t, c.tell(), got, "seed %d: %+v", seed, c)
		if seed%50 > 0 {
			continue
		}
		// What is read back from JSON tells the same.
		state := new(ledger.State)
		for _, e := range events {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			var back ledger.Event
			require.NoError(t, json.Unmarshal(text, &back))
			require.NoError(t, state.Apply(back))
		}
		require.Equal(t, got, storyOf(state))
	}
}
