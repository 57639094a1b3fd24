package haproxy_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// pausing is a canary that pauses at each step, the first of which only those see who ask for it.
func pausing(shares ...float64) strategy.Canary {
	rules := []strategy.Match{{Header: "X-Canary", Value: "on"}, {Cookie: "canary", Value: "yes"}}
	c := strategy.Canary{Steps: []strategy.CanaryStep{{Match: rules, Pause: &strategy.Pause{}}}}
	for _, share := range shares {
		c.Steps = append(c.Steps, strategy.CanaryStep{Share: strategy.Percent(share), Match: rules, Pause: &strategy.Pause{}})
	}
	return c
}

// answersFrom gives what customers are answered from now on.
func answersFrom(t *testing.T, c *traffic.Crowd, n int) traffic.Counts {
	t.Helper()
	then := more(t, c, 8) // whoever has asked before now has got an answer
	return more(t, c, n).Less(then)
}

// only asserts that customers are answered by one version alone.
func only(t *testing.T, version string, c *traffic.Crowd) {
	t.Helper()
	got := answersFrom(t, c, 20)
	assert.Equal(t, got.Asked(), got.Of(version).Served, "not only %s: %s", version, got)
}

// audience is all kinds of customers.
type audience struct {
	s       *scene
	testers []*traffic.Crowd // who ask for the candidate
	others  []*traffic.Crowd // who do not
}

func (s *scene) audience() *audience {
	s.t.Helper()
	ask := func(c traffic.Customers) *traffic.Crowd {
		c.URL, c.Number, c.Pause = s.url, 2, 5*time.Millisecond
		return enter(s.t, c)
	}
	return &audience{s, []*traffic.Crowd{
		ask(traffic.Customers{Header: header("x-canary", "on")}),
		ask(traffic.Customers{Header: header("Cookie", "a=b; canary=yes; c=d"), Fresh: true}),
	}, []*traffic.Crowd{
		ask(traffic.Customers{Header: header("X-Canary", "off")}),
		ask(traffic.Customers{Header: header("Cookie", "canary=no"), Fresh: true}),
	}}
}

// sees asserts who is answered by whom while the candidate has that share.
func (a *audience) sees(share float64) {
	a.s.t.Helper()
	for _, c := range a.testers {
		only(a.s.t, "1.1.0", c)
	}
	if share == 0 {
		for _, c := range a.others {
			only(a.s.t, "1.0.0", c)
		}
		return
	}
	crowd := traffic.Customers{URL: a.s.url}.Enter()
	defer crowd.Leave()
	got := more(a.s.t, crowd, 500)
	is, want := float64(got.Of("1.1.0").Answered()), share*float64(got.Asked())
	assert.InDelta(a.s.t, want, is, 5*math.Sqrt(want*(1-share)), "%s", got)
}

// leaves gives what all of them have counted.
func (a *audience) leaves() []traffic.Counts {
	var all []traffic.Counts
	for _, c := range append(a.testers, a.others...) {
		all = append(all, c.Leave())
	}
	return all
}

// TestACanaryIsSeenByItsAudience checks at each step who is answered by whom, also after HAProxy was reloaded.
func TestACanaryIsSeenByItsAudience(t *testing.T) {
	for _, w := range wirings() {
		if !w.matches {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, w).install("1.0.0", 2)
			a := s.audience()
			shares := []float64{0, 0.2, 0.5}
			result, err := s.walk(s.plan(pausing(20, 50), "1.1.0"), options(), func(step int) {
				a.sees(shares[step])
				require.NoError(t, s.Reload(t.Context()))
				s.keeps()
				a.sees(shares[step])
			})
			require.NoError(t, err)
			require.Equal(t, rollout.Promoted, result.Outcome)
			for _, c := range append(a.testers, a.others...) {
				only(t, "1.1.0", c)
			}
			for _, counts := range a.leaves() {
				if !s.lossy {
					assert.Zero(t, counts.Lost, "%s", counts)
				}
			}
		})
	}
}

// TestStickyCustomersStay gives customers cookies, and watches each of them: whoever has been answered by the
// candidate never sees the old version again, however the share grows and HAProxy is reloaded.
func TestStickyCustomersStay(t *testing.T) {
	t.Parallel()
	s := open(t, wirings()[0]).install("1.0.0", 2)
	var mu sync.Mutex
	candidates := map[int]bool{}
	went := 0
	customers := enter(t, traffic.Customers{URL: s.url, Number: 40, Pause: 20 * time.Millisecond, Cookies: true, Seen: func(a traffic.Answer) {
		mu.Lock()
		defer mu.Unlock()
		if a.Version == "1.1.0" {
			candidates[a.Customer] = true
		} else if candidates[a.Customer] {
			went++
		}
	}})
	members := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(candidates)
	}
	more(t, customers, 80)
	canary := pausing(30, 70)
	canary.Sticky, canary.Steps = true, canary.Steps[1:]
	before := 0
	result, err := s.walk(s.plan(canary, "1.1.0"), options(), func(int) {
		more(t, customers, 160)
		require.NoError(t, s.Reload(t.Context()))
		more(t, customers, 160)
		now := members()
		assert.Greater(t, now, before)
		assert.Less(t, now, 40)
		before = now
	})
	require.NoError(t, err)
	require.Equal(t, rollout.Promoted, result.Outcome)
	counts := customers.Leave()
	assert.Zero(t, counts.Lost, "%s", counts)
	assert.Zero(t, went, "so often a customer went back to the old version")
}
