package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// chain is a pipeline of n stages, each of which needs the one before.
func chain(n int) ledger.Pipeline {
	p := ledger.Pipeline{Name: "chain"}
	for i := range n {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i)}
		if i > 0 {
			s.Needs = []string{fmt.Sprintf("s%d", i-1)}
		}
		p.Stages = append(p.Stages, s)
	}
	return p
}

// fan is a pipeline of n stages that need nothing, with a timeout each.
func fan(n, parallel int) ledger.Pipeline {
	p := ledger.Pipeline{Name: "fan", Parallel: parallel}
	for i := range n {
		p.Stages = append(p.Stages, ledger.Stage{Name: fmt.Sprintf("s%d", i), Timeout: time.Hour})
	}
	return p
}

// carry carries a release to its end by decisions alone, hands on all events, and returns how many
// stages ran.
func carry(b testing.TB, p ledger.Pipeline, hand func(ledger.Event)) (steps int) {
	state := new(ledger.State)
	add := func(e ledger.Event) {
		if err := state.Apply(e); err != nil {
			b.Fatal(err)
		}
		if hand != nil {
			hand(e)
		}
	}
	add(ledger.Event{Seq: 1, Time: epoch, Body: ledger.Requested{Release: stage.Release{ID: "r1"}, Pipeline: p}})
	var running []string
	for !state.Over() {
		for {
			d := ledger.Decide(state, epoch)
			for _, e := range d.Append {
				add(e)
			}
			running = append(running, d.Start...)
			if len(d.Append) == 0 {
				break
			}
		}
		if len(running) > 0 {
			add(ledger.Event{Seq: state.Seq + 1, Time: epoch, Stage: running[0], Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}})
			running = running[1:]
			steps++
		}
	}
	return steps
}

// BenchmarkStep measures one step: the end of a stage is folded, and the begin of the next one is
// decided and folded.
func BenchmarkStep(b *testing.B) {
	for name, p := range map[string]ledger.Pipeline{
		"chain of 200":              chain(200),
		"fan of 1000, 8 at once":    fan(1000, 8),
		"fan of 1000, 1000 at once": fan(1000, 1000),
		"fan of 10000, 100 at once": fan(10000, 100),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			steps := 0
			for b.Loop() {
				steps += carry(b, p, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// BenchmarkFold measures how fast a history of a million events is folded: releases of 20 and of 200
// stages, one after the other.
func BenchmarkFold(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprintf("%d stages", n), func(b *testing.B) {
			var events []ledger.Event
			carry(b, chain(n), func(e ledger.Event) { events = append(events, e) })
			b.ReportAllocs()
			folded := 0
			for b.Loop() {
				for folded0 := folded; folded-folded0 < 1_000_000; folded += len(events) {
					state := new(ledger.State)
					for _, e := range events {
						if err := state.Apply(e); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(folded), "ns/event")
		})
	}
}
