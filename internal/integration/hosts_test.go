package integration_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// lease is short, so that tests end soon, and long enough for a host on a busy machine to renew it.
	lease = 3 * time.Second
	// deadline is for what should take a lease or two.
	deadline = 2 * time.Minute
)

// fleet is a number of hosts on one store, with a target that their releases work upon.
type fleet struct {
	t      *testing.T
	place  place
	store  *sqlstore.Store
	target target
	lease  time.Duration
	many   int
}

func newFleet(t *testing.T, p place) *fleet {
	return &fleet{t: t, place: p, store: p.host(t), target: target(t.TempDir()), lease: lease}
}

// start starts a host, and returns its name in the store, too.
func (f *fleet) start(name string, skew time.Duration) (*process.Process, string) {
	f.t.Helper()
	p := process.Start(f.t, "carrier", task{Place: f.place, Host: name, Target: string(f.target), Lease: f.lease, Skew: skew, Many: f.many})
	line := p.Line()
	host, ok := strings.CutPrefix(line, "host ")
	require.True(f.t, ok, "%s: %s", line, p.Said())
	return p, host
}

// says expects the next line of a process to begin with that.
func (f *fleet) says(p *process.Process, want string) string {
	f.t.Helper()
	line := make(chan string, 1)
	go func() { line <- p.Line() }()
	select {
	case got := <-line:
		require.True(f.t, strings.HasPrefix(got, want), "%q, not %q\n%s", got, want, p.Said())
		return strings.TrimSpace(strings.TrimPrefix(got, want))
	case <-time.After(deadline):
		f.t.Fatalf("no %q within %v\n%s", want, deadline, p.Said())
		return ""
	}
}

func (f *fleet) state(id string) *ledger.State {
	f.t.Helper()
	state, err := ledger.Fold(f.store.Events(f.t.Context(), id, 0))
	require.NoError(f.t, err)
	return state
}

func (f *fleet) over(id string) *ledger.State {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.state(id).Over() }, deadline, 20*time.Millisecond, "%s", id)
	return f.state(id)
}

// beside makes a test of each place, which runs beside others, since most of it is waiting for leases.
func beside(t *testing.T, test func(f *fleet)) {
	t.Parallel()
	for name, p := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newFleet(t, p))
		})
	}
}

// TestASleeperIsRefused stops a host inside a stage for longer than its lease. Another one finishes the
// release. The sleeper's checkpoint is refused before it touches the target; where it does not ask, the
// target refuses it by its fence. It tells how the release ended, and goes on with others.
func TestASleeperIsRefused(t *testing.T) {
	beside(t, func(f *fleet) {
		t := f.t
		sleeper, asleep := f.start("sleeper", 0)
		other, awake := f.start("other", 0)
		f.target.tell(t, "blind")
		sleeper.Tell("run r1")
		f.says(sleeper, "in r1")
		other.Tell("takeup")
		f.says(other, "taken 0 <nil>")
		sleeper.Stop()
		stopped := time.Now()
		f.says(other, "in r1")
		t.Logf("taken over %.2f leases after the stop", time.Since(stopped).Seconds()/f.lease.Seconds())
		sleeper.Wake()
		assert.Equal(t, errFenced.Error(), f.says(sleeper, "late r1:"), "it touched the target")
		f.target.tell(t, "go")
		assert.Equal(t, "succeeded by "+awake+": <nil>", f.says(sleeper, "ended r1 as"))
		state := f.over("r1")
		assert.Equal(t, uint64(2), state.Fence)
		assert.Equal(t, []string{
			"done 1 a sleeper", "done 1 b1 sleeper", "done 2 b1 other", "refused 1 blind sleeper", "done 2 b2 other", "done 2 c other",
		}, f.target.lines(t, "r1"))
		sleeper.Tell("run r2")
		f.says(sleeper, "in r2")
		assert.Equal(t, "succeeded by "+asleep+": <nil>", f.says(sleeper, "ended r2 as"))
	})
}

// TestADeadHostsLeaseIsWaitedFor kills a host with kill -9: its release is taken over when its lease has
// run out by the database's clock, and not before.
func TestADeadHostsLeaseIsWaitedFor(t *testing.T) {
	beside(t, func(f *fleet) {
		t := f.t
		victim, name := f.start("victim", 0)
		heir, _ := f.start("heir", 0)
		heir.Tell("takeup")
		f.says(heir, "taken 0 <nil>")
		victim.Tell("begin r1")
		f.says(victim, "in r1")
		victim.Kill()
		killed := time.Now()
		until := f.until(name)
		f.says(heir, "in r1")
		t.Logf("taken over %.2f leases after the kill", time.Since(killed).Seconds()/f.lease.Seconds())
		f.target.tell(t, "go")
		f.over("r1")
		for e, err := range f.store.Events(t.Context(), "r1", 0) {
			require.NoError(t, err)
			if _, taken := e.Body.(ledger.Taken); taken {
				assert.False(t, e.Time.Before(until), "taken %v before the end of the lease", until.Sub(e.Time))
			}
		}
		assert.Equal(t, []string{"done 1 a victim", "done 1 b1 victim", "done 2 b1 heir", "done 2 b2 heir", "done 2 c heir"}, f.target.lines(t, "r1"))
	})
}

// until is when a host's lease runs out; the database is on this machine, and has its clock.
func (f *fleet) until(host string) time.Time {
	f.t.Helper()
	query := map[sqlstore.Dialect]string{
		sqlstore.SQLite: `SELECT until FROM %s`, sqlstore.PostgreSQL: `SELECT floor(extract(epoch FROM until) * 1000)::bigint FROM %s`,
	}[f.place.Dialect]
	var millis int64
	require.NoError(f.t, f.place.database(f.t).QueryRow(fmt.Sprintf(query, f.place.table("leases"))+` WHERE host = '`+host+`'`).Scan(&millis))
	return time.UnixMilli(millis)
}

// TestClocksThatAreOff lets hosts carry one release after the other whose clocks are an hour ahead and an
// hour behind: all goes as it does with clocks that are right.
func TestClocksThatAreOff(t *testing.T) {
	for name, skews := range map[string][2]time.Duration{
		"back": {time.Hour, -time.Hour}, "forth": {-time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			beside(t, func(f *fleet) {
				t := f.t
				first, _ := f.start("first", skews[0])
				second, _ := f.start("second", skews[1])
				second.Tell("takeup")
				f.says(second, "taken 0 <nil>")
				first.Tell("begin r1")
				f.says(first, "in r1")
				first.Kill()
				f.says(second, "in r1")
				f.target.tell(t, "go")
				state := f.over("r1")
				assert.Equal(t, stage.Succeeded, state.Outcome)
				assert.Equal(t, []int{1, 2, 3}, []int{state.Stage("a").Attempt, state.Stage("b").Attempt, state.Stage("c").Attempt})
				assert.Equal(t, []string{"done 1 a first", "done 1 b1 first", "done 2 b1 second", "done 2 b2 second", "done 2 c second"}, f.target.lines(t, "r1"))
				var last time.Time
				for e, err := range f.store.Events(t.Context(), "r1", 0) {
					require.NoError(t, err)
					assert.False(t, e.Time.Before(last), "event %d comes before the one before", e.Seq)
					last = e.Time
				}
				for _, st := range state.Stages {
					assert.False(t, st.Ended.Before(st.Began) || st.Began.Before(st.Started), "%+v", st)
				}
			})
		})
	}
}

// TestARaceForTheDead lets two hosts take up all that a dead one has left, at the same time.
func TestARaceForTheDead(t *testing.T) {
	beside(t, func(f *fleet) {
		const many = 50
		t := f.t
		victim, name := f.start("victim", 0)
		heirs := make([]*process.Process, 2)
		for i := range heirs {
			heirs[i], _ = f.start(fmt.Sprintf("heir%d", i), 0)
		}
		for n := range many {
			victim.Tell(fmt.Sprintf("begin r%d", n))
		}
		for range many {
			f.says(victim, "in ")
		}
		victim.Kill()
		f.target.tell(t, "go")
		require.Eventually(t, func() bool {
			alive, err := f.store.Alive(t.Context(), name)
			return err == nil && !alive
		}, deadline, 20*time.Millisecond)
		for _, h := range heirs {
			h.Tell("takeup")
		}
		for n := range many {
			id := fmt.Sprintf("r%d", n)
			state := f.over(id)
			assert.Equal(t, stage.Succeeded, state.Outcome)
			assert.Equal(t, []int{1, 2, 3}, []int{state.Stage("a").Attempt, state.Stage("b").Attempt, state.Stage("c").Attempt})
			assert.Len(t, f.target.lines(t, id), 5)
		}
		taken := 0
		for _, h := range heirs {
			for line := ""; ; {
				if line = h.Line(); strings.HasPrefix(line, "taken ") {
					var n int
					var rest string
					_, err := fmt.Sscanf(line, "taken %d %s", &n, &rest)
					require.NoError(t, err)
					assert.Equal(t, "<nil>", rest)
					taken += n
					break
				}
				require.NotEmpty(t, line)
			}
		}
		assert.GreaterOrEqual(t, taken, many) // what is at rest, waiting for its next attempt, is both's
	})
}

// TestTheDatabaseGoesAway stops the server for longer than a lease. The stages stop where they are; when
// the server is back, the host that is left goes on by itself.
func TestTheDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	server, p := own(t)
	f := newFleet(t, p)
	const many = 5
	host, _ := f.start("host", 0)
	host.Tell("takeup")
	f.says(host, "taken 0 <nil>")
	for n := range many {
		host.Tell(fmt.Sprintf("begin r%d", n))
	}
	for range many {
		f.says(host, "in ")
	}
	require.NoError(t, server.Down())
	for range many {
		f.says(host, "late ") // its checkpoint was refused
	}
	require.NoError(t, server.Up())
	for range many {
		f.says(host, "in ")
	}
	f.target.tell(t, "go")
	for n := range many {
		id := fmt.Sprintf("r%d", n)
		state := f.over(id)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		lines := f.target.lines(t, id)
		for what, times := range map[string]int{" a ": 1, " b1 ": 2, " b2 ": 1, " c ": 1} {
			assert.Equal(t, times, strings.Count(strings.Join(lines, "\n"), what), "%q in %v", what, lines)
		}
	}
	host.Tell("stop")
	f.says(host, "stopped")
}
