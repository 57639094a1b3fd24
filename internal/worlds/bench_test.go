package worlds_test

import (
	"testing"

	"github.com/davit-sdk/davit/internal/worlds"
)

// One harmless release of 100 requests/s from its beginning to its promotion.
func BenchmarkPlay(b *testing.B) {
	w := worlds.Harmless()[2]
	for _, policy := range worlds.Policies() {
		b.Run(policy.Name(), func(b *testing.B) {
			p := worlds.NewPlayer()
			for seed := uint64(0); b.Loop(); seed++ {
				if _, err := p.Play(w, policy, seed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
