package strategy_test

import (
	"testing"

	"github.com/davit-sdk/davit/strategy"
)

// large is a rolling update of 10,000 instances in batches of one: the longest plan that anybody
// is likely to ask for.
func large(tb testing.TB) strategy.Plan {
	tb.Helper()
	p, err := strategy.Rolling{Batch: strategy.Count(1)}.Plan(running(v1, 10_000), v2)
	if err != nil {
		tb.Fatal(err)
	}
	if len(p.Steps) != 10_000 {
		tb.Fatalf("%d steps", len(p.Steps))
	}
	return p
}

// TestRollingPlanIsLinear: what a step costs does not depend on how many there are. It is one
// allocation, its reason, beside one for all of them.
func TestRollingPlanIsLinear(t *testing.T) {
	rolling, from := strategy.Rolling{Batch: strategy.Count(1)}, running(v1, 10_000)
	allocations := testing.AllocsPerRun(3, func() {
		if _, err := rolling.Plan(from, v2); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 1.1*10_000 {
		t.Errorf("%.0f allocations for 10,000 steps", allocations)
	}
}

// BenchmarkRollingPlan10000 has to stay below 10 ms on one core.
func BenchmarkRollingPlan10000(b *testing.B) {
	from := running(v1, 10_000)
	rolling := strategy.Rolling{Batch: strategy.Count(1), Gates: []string{"errors"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rolling.Plan(from, v2); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify10000(b *testing.B) {
	p := large(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAbort10000(b *testing.B) {
	for _, at := range []struct {
		name string
		step int
	}{{"first", 0}, {"middle", 5_000}, {"last", 9_999}} {
		b.Run(at.name, func(b *testing.B) {
			p := large(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := strategy.Abort(p, at.step); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAbortTight10000 is the way back with room for one instance only, where no jump can be
// longer than the steps forth were.
func BenchmarkAbortTight10000(b *testing.B) {
	tight := strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}
	p, err := tight.Plan(running(v1, 10_000), v2)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strategy.Abort(p, len(p.Steps)-1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash10000(b *testing.B) {
	p := large(b)
	b.ReportAllocs()
	for b.Loop() {
		if p.Hash() == "" {
			b.Fatal("no hash")
		}
	}
}
