package release_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/davit-sdk/davit/release"
)

// chain is a pipeline of stages that do nothing, one after the other.
func chain(n int) release.Pipeline {
	p := release.Pipeline{Name: "chain"}
	for i := range n {
		s := release.Stage{Name: fmt.Sprintf("s%d", i), Do: nothing}
		if i > 0 {
			s.Needs = []string{fmt.Sprintf("s%d", i-1)}
		}
		p.Stages = append(p.Stages, s)
	}
	return p
}

// BenchmarkChain runs a chain of 200 stages that do nothing, on the memory store.
func BenchmarkChain(b *testing.B) {
	p, r := chain(200), release.NewRunner(release.Config{})
	n := 0
	for b.Loop() {
		n++
		if _, err := r.Run(b.Context(), p, request(fmt.Sprintf("r%d", n))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*200)/b.Elapsed().Seconds(), "steps/s")
}

// BenchmarkFan runs 200 releases of 20 stages at once, on the memory store.
func BenchmarkFan(b *testing.B) {
	fan(b, func() release.Store { return new(release.MemoryStore) })
}

func fan(b *testing.B, open func() release.Store) {
	const releases, steps = 200, 20
	p, n := chain(steps), 0
	for b.Loop() {
		n++
		r := release.NewRunner(release.Config{Store: open()})
		var all sync.WaitGroup
		for i := range releases {
			all.Go(func() {
				if _, err := r.Run(b.Context(), p, request(fmt.Sprintf("r%d", i))); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
		r.Stop(context.Background())
	}
	b.ReportMetric(float64(n*releases*steps)/b.Elapsed().Seconds(), "steps/s")
}
