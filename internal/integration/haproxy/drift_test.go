package haproxy_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// server is the name of the server that an instance of the candidate, or of stable, is at.
func (s *scene) server(role strategy.Role) string {
	s.t.Helper()
	table, err := s.router.Table(s.t.Context())
	require.NoError(s.t, err)
	for _, r := range table.Routes {
		if r.Role == role {
			states, err := s.Command(s.t.Context(), "show servers state")
			require.NoError(s.t, err)
			_, port, _ := strings.Cut(r.Backends[0].Addr, ":")
			for line := range strings.Lines(states) {
				if f := strings.Fields(line); len(f) > 18 && f[18] == port {
					return f[1] + "/" + f[3]
				}
			}
		}
	}
	s.t.Fatalf("nobody is %s in %s", role, table)
	return ""
}

func (s *scene) mapFile() string { return filepath.Join(s.options.Dir, s.options.Name+".map") }

// TestSomebodyElseTurnsTheKnobs changes HAProxy by hand, while a canary is held: the rollout sees it, tells of
// it, and puts it right.
func TestSomebodyElseTurnsTheKnobs(t *testing.T) {
	for _, c := range []struct {
		name    string
		command func(s *scene) string
	}{
		{"a server of the candidate is put into maintenance", func(s *scene) string { return "set server " + s.server(strategy.Candidate) + " state maint" }},
		{"a server of stable drains", func(s *scene) string { return "set server " + s.server(strategy.Stable) + " state drain" }},
		{"a server gets another address", func(s *scene) string {
			return "set server " + s.server(strategy.Stable) + " addr 127.0.0.1 port 9"
		}},
		{"a server gets no weight", func(s *scene) string { return "set server " + s.server(strategy.Stable) + " weight 0" }},
		{"the map is emptied", func(s *scene) string { return "clear map " + s.mapFile() }},
		{"the table is another one", func(s *scene) string { return "set map " + s.mapFile() + " table 7/0/0/1000000/-/shop_a/-" }},
		{"the table is nonsense", func(s *scene) string { return "set map " + s.mapFile() + " table what/is/this" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, wirings(quick)[0]).install("1.0.0", 2)
			healed := make(chan rollout.Event, 100)
			o := options()
			o.Notify = func(e rollout.Event) {
				switch e.Kind {
				case rollout.Drifted, rollout.Degraded, rollout.Healed:
					healed <- e
				}
			}
			canary := pausing(30)
			canary.Steps = canary.Steps[1:]
			result, err := s.walk(s.plan(canary, "1.1.0"), o, func(int) {
				want, err := s.router.Table(t.Context())
				require.NoError(t, err)
				command := c.command(s)
				answer, err := s.Command(t.Context(), command)
				require.NoError(t, err)
				t.Logf("%s: %s", command, answer)
				eventually(t, "the table is as it was", func() bool {
					now, err := s.router.Table(t.Context())
					return err == nil && now.Equal(want) && len(healed) > 0
				})
				t.Logf("told: %s", told(healed))
				crowd := traffic.Customers{URL: s.url}.Enter()
				defer crowd.Leave()
				then := more(t, crowd, 8)
				counts := more(t, crowd, 200).Less(then)
				assert.Zero(t, counts.Lost, "%s", counts)
				assert.Positive(t, counts.Of("1.0.0").Served)
				assert.Positive(t, counts.Of("1.1.0").Served)
			})
			require.NoError(t, err)
			require.Equal(t, rollout.Promoted, result.Outcome)
			s.runs("1.1.0", 2)
		})
	}
}

func told(events chan rollout.Event) string {
	var all []string
	for {
		select {
		case e := <-events:
			all = append(all, fmt.Sprintf("%s: %s", e.Kind, e.Text))
		default:
			return strings.Join(all, "; ")
		}
	}
}

// TestSomebodyElseInsists empties the map whenever it is whole: the rollout gives up, moves nothing more, and
// says what it found.
func TestSomebodyElseInsists(t *testing.T) {
	t.Parallel()
	s := open(t, wirings(quick)[0]).install("1.0.0", 2)
	canary := strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(30), Bake: 5 * patience}}}
	ended := make(chan bool)
	var insists sync.WaitGroup
	result, err := s.release(s.plan(canary, "1.1.0"), options(), func(_ *rollout.Rollout, e rollout.Event) {
		if e.Kind != rollout.StepReached {
			return
		}
		insists.Go(func() {
			other := s.again()
			for {
				if table, err := other.Table(t.Context()); err == nil && len(table.Routes) > 0 {
					_, err := s.Command(t.Context(), "clear map "+s.mapFile())
					assert.NoError(t, err)
				}
				select {
				case <-ended:
					return
				case <-time.After(200 * time.Millisecond): // the rollout has seen by then that all is well
				}
			}
		})
	})
	close(ended)
	insists.Wait()
	require.Equal(t, rollout.Frozen, result.Outcome, "%v", err)
	var conflict *rollout.ConflictError
	require.ErrorAs(t, err, &conflict)
	assert.Contains(t, err.Error(), "stable 1.0.0 gets 0%, not 70%")
	require.NoError(t, rollout.Restore(t.Context(), s.target, alone("1.0.0", 2), options()))
	s.runs("1.0.0", 2)
}
