package release_test

import (
	"fmt"
	"testing"

	"github.com/davit-sdk/davit/release"
)

// BenchmarkChain runs a chain of 200 stages that do nothing, on the memory store.
func BenchmarkChain(b *testing.B) {
	p := release.Pipeline{Name: "chain"}
	for i := range 200 {
		s := release.Stage{Name: fmt.Sprintf("s%d", i), Do: nothing}
		if i > 0 {
			s.Needs = []string{fmt.Sprintf("s%d", i-1)}
		}
		p.Stages = append(p.Stages, s)
	}
	r := release.NewRunner(release.Config{})
	n := 0
	for b.Loop() {
		n++
		if _, err := r.Run(b.Context(), p, request(fmt.Sprintf("r%d", n))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*200)/b.Elapsed().Seconds(), "steps/s")
}
