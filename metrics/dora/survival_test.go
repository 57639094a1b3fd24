package dora_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// TestSurvival: the Kaplan-Meier median is that of the estimate taken step by step.
func TestSurvival(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	from := days(1).From
	absent := 0
	for range 300 {
		h := &dora.History{}
		type one struct {
			d    float64
			open bool
		}
		var all []one
		to := from.Add(48 * time.Hour)
		for i := range 1 + r.IntN(30) {
			finish := from.Add(time.Duration(r.IntN(47*60)) * time.Minute)
			id := fmt.Sprint("d", i)
			require.NoError(t, h.Add(dora.Deployment{ID: id, Time: finish}))
			in := dora.Incident{ID: id, Opened: finish, CausedBy: []string{id}}
			if r.IntN(3) > 0 {
				in.Resolved = finish.Add(time.Duration(r.IntN(40)*30) * time.Minute)
				all = append(all, one{in.Resolved.Sub(finish).Seconds(), false})
			} else {
				all = append(all, one{to.Sub(finish).Seconds(), true})
			}
			require.NoError(t, h.Add(in))
		}
		report, err := h.Report(dora.Rules{}, dora.Query{From: from, To: to})
		require.NoError(t, err)
		// Those that end at an instant go before those that are last seen at it.
		slices.SortFunc(all, func(a, b one) int {
			if a.d != b.d {
				return int(a.d - b.d)
			}
			return map[bool]int{true: 1}[a.open] - map[bool]int{true: 1}[b.open]
		})
		share, want, open := 1.0, dora.Figure{}, 0
		for i, x := range all {
			if x.open {
				open++
				continue
			}
			share *= 1 - 1/float64(len(all)-i)
			if share <= 0.5+1e-9 && want.IsZero() {
				want = dora.Known(x.d)
			}
		}
		if open == 0 {
			want = dora.Figure{}
		} else if want.IsZero() {
			absent++
		}
		assert.Equal(t, want, report.FailedDeploymentRecovery.Survival)
	}
	assert.Positive(t, absent)
}

// TestMedianInterval: the interval of the median holds as often as it says, and few samples have none.
func TestMedianInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	from := days(1).From
	report := func(n int) *dora.Durations {
		h := &dora.History{}
		for i := range n {
			id := fmt.Sprint(i)
			require.NoError(t, h.Add(dora.Change{ID: id, Time: from.Add(-time.Duration(r.ExpFloat64() * float64(time.Hour)))}))
			require.NoError(t, h.Add(dora.Deployment{ID: id, Time: from, Changes: []string{id}}))
		}
		report, err := h.Report(dora.Rules{}, dora.Query{From: from, To: from.Add(time.Hour), Brief: true})
		require.NoError(t, err)
		return report.LeadTime
	}
	assert.True(t, report(5).Low.IsZero(), "of five, the interval of lowest and highest holds for 93.75 %")
	assert.False(t, report(6).Low.IsZero())
	for _, n := range []int{6, 15, 40, 1100 / raced} {
		rounds, held := 400, 0
		for range rounds {
			d := report(n)
			if median := 3600 * 0.6931471805599453; d.Low.Or(0) <= median && median <= d.High.Or(0) {
				held++
			}
		}
		assert.Greater(t, float64(held)/float64(rounds), 0.925, "n %d", n)
	}
}

// TestWilson: the interval of published examples.
func TestWilson(t *testing.T) {
	for _, tt := range []struct {
		k, n      int
		low, high float64
	}{{0, 10, 0, 0.2775}, {1, 4, 0.0456, 0.6994}, {10, 10, 0.7225, 1}, {81, 263, 0.2553, 0.3662}} {
		h := &dora.History{}
		for i := range tt.n {
			d := dora.Deployment{ID: fmt.Sprint(i), Time: days(1).From}
			if i < tt.k {
				d.Kind = dora.KindHotfix
			}
			require.NoError(t, h.Add(d))
		}
		report, err := h.Report(dora.Rules{}, days(1))
		require.NoError(t, err)
		assert.InDelta(t, tt.low, report.ReworkRate.Low.Or(-1), 5e-5)
		assert.InDelta(t, tt.high, report.ReworkRate.High.Or(-1), 5e-5)
	}
}
