package ledger_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// course is a random release: what its stages do, what people say, and when its host dies.
type course struct {
	seed    uint64
	stages  []ledger.Stage
	items   map[string][]string // of the stages that are made for items
	onAbort ledger.Policy
	room    int
	says    []word
	crashes []int
}

// word is what a person says, in which second.
type word struct {
	at   int
	kind stage.SignalKind
	to   string
}

// script is what one attempt of a stage does, or one to undo it.
type script struct {
	takes int
	ends  stage.Outcome
	until int // seconds from its end; 0: none
	final bool
}

// script is what an attempt does, which is the same whoever asks. From the seventh on all is well.
func (c *course) script(name string, attempt int, undo bool) script {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d/%v", name, attempt, undo)
	r := rand.New(rand.NewPCG(c.seed, h.Sum64()))
	s := script{takes: 1 + r.IntN(6), ends: stage.Succeeded}
	bad := []stage.Outcome{stage.Failed, stage.Failed, stage.Failed, stage.RolledBack, stage.Skipped, stage.Stranded, stage.Rejected, stage.Waiting, stage.Waiting}
	if undo {
		bad = []stage.Outcome{stage.Failed, stage.Failed, stage.Failed, stage.Stranded}
	}
	if attempt < 7 && r.IntN(5) < int(c.seed%4) {
		s.ends, s.final = bad[r.IntN(len(bad))], r.IntN(6) == 0
		if r.IntN(3) > 0 {
			s.until = 1 + r.IntN(6)
		}
	}
	return s
}

func randomCourse(seed uint64) *course {
	r := rand.New(rand.NewPCG(seed, 1))
	one := func(n int) bool { return r.IntN(n) == 0 }
	c := &course{seed: seed, room: 1 + r.IntN(4), items: make(map[string][]string)}
	if one(4) {
		c.onAbort = ledger.Stop
	}
	names := []string{""}
	for i := range 1 + r.IntN(7) {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i), Always: one(7), CanUndo: one(2), Irreversible: one(15)}
		if !s.Always && one(4) {
			s.Criterion = []ledger.Criterion{ledger.Activate, ledger.Succeed, ledger.Succeed}[r.IntN(3)]
		}
		for j := range i {
			if !one(3) {
				continue
			}
			s.Needs = append(s.Needs, fmt.Sprintf("s%d", j))
			if one(5) {
				s.When = append(s.When, ledger.Condition{Stage: s.Needs[len(s.Needs)-1], Is: []stage.Outcome{stage.Failed, stage.Skipped, stage.Succeeded}[r.IntN(3):]})
			}
		}
		s.OnFailure = []ledger.Policy{"", ledger.Undo, ledger.Undo, ledger.GoOn, ledger.Freeze}[r.IntN(5)]
		s.Effect = []stage.Effect{"", "", stage.Pure, stage.AtMostOnce}[r.IntN(4)]
		if one(2) && s.Effect != stage.AtMostOnce {
			s.Retry = ledger.Retry{Attempts: r.IntN(4), Backoff: time.Duration(1+r.IntN(3)) * time.Second}
		}
		if one(4) {
			s.Timeout = time.Duration(4+r.IntN(12)) * time.Second
		}
		if one(4) {
			s.AttemptTimeout = time.Duration(2+r.IntN(5)) * time.Second
		}
		if one(2) {
			s.Listens = []stage.SignalKind{stage.Promote}
		}
		names = append(names, s.Name)
		if one(4) {
			s.Each = &ledger.Each{Key: stage.Ref{Name: "k-" + s.Name, Type: "[]string"}, Parallel: r.IntN(3)}
			c.items[s.Name] = []string{"a", "b", "c", "d"}[:r.IntN(5)]
			for _, item := range c.items[s.Name] {
				names = append(names, s.Name+"."+item)
			}
		}
		c.stages = append(c.stages, s)
	}
	kinds := []stage.SignalKind{stage.Abort, stage.SkipStage, stage.Promote, stage.Promote, stage.Retry, stage.Retry}
	for range r.IntN(6) {
		w := word{at: r.IntN(30), kind: kinds[r.IntN(len(kinds))], to: names[r.IntN(len(names))]}
		if w.to == "" {
			w.kind = []stage.SignalKind{stage.Pause, stage.Resume, stage.Abort}[r.IntN(3)]
		}
		c.says = append(c.says, w)
	}
	for range r.IntN(3) {
		c.crashes = append(c.crashes, 1+r.IntN(30))
	}
	// In the end somebody answers whatever is asked.
	for k := range 20 {
		c.says = append(c.says, word{60 + 10*k, stage.Resume, ""})
		for _, name := range names[1:] {
			c.says = append(c.says, word{60 + 10*k, stage.Promote, name}, word{60 + 10*k, []stage.SignalKind{stage.Retry, stage.SkipStage}[k%2], name})
		}
	}
	slices.SortStableFunc(c.says, func(a, b word) int { return a.at - b.at })
	return c
}

// request is the course as the first event of a release.
func (c *course) request() ledger.Requested {
	p := ledger.Pipeline{Name: "random", Parallel: c.room, OnAbort: c.onAbort, Stages: c.stages}
	inputs := make(map[string]json.RawMessage)
	for name, items := range c.items {
		inputs["k-"+name], _ = json.Marshal(items)
	}
	return ledger.Requested{Release: stage.Release{ID: "r1", Service: "s", RequestedBy: "ada"}, Pipeline: p, Inputs: inputs, Host: "a"}
}

// story is what came of a release.
type story struct {
	// Began are the seconds in which the attempts of each stage began, Ended is how it ended.
	Began map[string][]int
	Ended map[string]stage.Outcome
	// Undone are the attempts to undo, in order.
	Undone  []string
	Outcome stage.Outcome
}
