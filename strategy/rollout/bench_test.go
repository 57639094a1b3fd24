package rollout_test

import (
	"fmt"
	"testing"

	"github.com/davit-sdk/davit/strategy/strategytest"
)

// What a look at a fleet costs grows with its instances, and not with their square: a rollout of 10,000 looks four
// times a second.
func BenchmarkObserve(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			w := &strategytest.World{}
			w.Put(stableAt(v1, n))
			target := w.Target()
			for b.Loop() {
				if _, err := target.Observe(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
