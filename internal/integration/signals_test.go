package integration_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// console is a host without pipelines, in this process.
func (f *fleet) console() *release.Runner {
	console := release.NewRunner(release.Config{Store: f.place.host(f.t), Lease: f.lease})
	f.t.Cleanup(func() { console.Close() })
	return console
}

// looks watches releases until their end: each event comes once, and in order.
func (f *fleet) looks(console *release.Runner, ids []string) (wait func()) {
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			next, over := uint64(1), false
			for e, err := range console.Watch(f.t.Context(), id, 0) {
				if !assert.NoError(f.t, err) || !assert.Equal(f.t, next, e.Seq, "%s", id) {
					return
				}
				next++
				_, over = e.Body.(ledger.Finished)
			}
			assert.True(f.t, over, "%s: watching ends with event %d", id, next-1)
		})
	}
	return all.Wait
}

// owners are hosts that carry releases, and of which one after the other is killed.
type owners struct {
	mu  sync.Mutex
	all []*process.Process
}

// tell tells an owner something, which may die of it, or have died already.
func (o *owners) tell(n int, line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.all[n%len(o.all)].Offer(line)
}

// replace kills an owner, and starts another one in its place.
func (o *owners) replace(f *fleet, n int) {
	p, _ := f.start("owner", 0)
	p.Tell("takeup")
	o.mu.Lock()
	old := o.all[n]
	o.all[n] = p
	o.mu.Unlock()
	old.Kill()
	go func() {
		for p.Line() != "" { // nobody listens to owners
		}
	}()
}

// answers hands on what a process says of signals to those who sent them.
type answers struct {
	mu      sync.Mutex
	waiting map[string]chan string
}

func (a *answers) wait(key string) <-chan string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = make(map[string]chan string)
	}
	if a.waiting[key] == nil {
		a.waiting[key] = make(chan string, 1)
	}
	return a.waiting[key]
}

func (a *answers) listen(p *process.Process) {
	for line := p.Line(); line != ""; line = p.Line() {
		words := strings.SplitN(line, " ", 4)
		a.wait(words[1] + " " + words[2])
		a.mu.Lock()
		a.waiting[words[1]+" "+words[2]] <- words[3]
		a.mu.Unlock()
	}
}

// told is what is sent to each release, in order.
func told(many int) (all []stage.Signal) {
	for n := range many {
		switch n {
		case many / 3:
			all = append(all, stage.Signal{ID: "hold", Kind: stage.Pause, By: "grace"})
		case many * 2 / 3:
			all = append(all, stage.Signal{ID: "on", Kind: stage.Resume, By: "grace"})
		}
		all = append(all, stage.Signal{ID: fmt.Sprintf("s%02d", n), Kind: stage.Approve, Stage: "count", By: "grace"})
	}
	return all
}

// TestSignalsOutliveTheirHosts kills the hosts that carry releases, again and again, while people signal
// through others: each signal through a console in this process, through one in another process, and
// through a host that may be killed at that moment. All are recorded once, in order, and acted upon, and
// whoever looks on sees each event once.
func TestSignalsOutliveTheirHosts(t *testing.T) {
	beside(t, func(f *fleet) {
		const rounds = 20
		t := f.t
		f.lease, f.many = time.Second, 12
		signals := told(f.many)
		draw := rand.New(rand.NewPCG(3, uint64(f.place.Dialect)))
		hosts := &owners{all: make([]*process.Process, 2)}
		for n := range hosts.all {
			hosts.all[n], _ = f.start("owner", 0)
			hosts.all[n].Tell("takeup")
			f.says(hosts.all[n], "taken 0")
		}
		var ids []string
		for n := range 6 {
			id := fmt.Sprintf("%s%d", []string{"runs", "rests"}[n%2], n)
			hosts.all[n%2].Tell("count " + id + " " + id[:len(id)-1])
			f.says(hosts.all[n%2], "begun "+id+" <nil>")
			ids = append(ids, id)
		}
		console, seen := f.console(), f.looks(f.console(), ids)
		aside, _ := f.start("console", 0)
		heard := new(answers)
		go heard.listen(aside)
		started := make([]chan struct{}, rounds+1)
		for n := range started {
			started[n] = make(chan struct{})
		}
		var senders sync.WaitGroup
		var writing sync.Mutex
		for r, id := range ids {
			senders.Go(func() {
				for n, sig := range signals {
					<-started[n*rounds/len(signals)]
					line := fmt.Sprintf("signal %s %s %s %s", id, sig.Kind, "-"+sig.Stage, sig.ID)
					hosts.tell(n+r, line)
					writing.Lock()
					err := aside.Offer(line)
					writing.Unlock()
					assert.NoError(t, err)
					assert.NoError(t, console.Signal(t.Context(), id, sig), "%s %s", id, sig.ID)
					assert.Equal(t, "<nil>", <-heard.wait(id+" "+sig.ID), "%s %s", id, sig.ID)
				}
			})
		}
		for n := range rounds {
			close(started[n])
			time.Sleep(time.Duration(draw.IntN(250)) * time.Millisecond) // when in the round the host dies
			hosts.replace(f, draw.IntN(2))
		}
		senders.Wait()
		sent := time.Now()
		for _, id := range ids {
			assert.Equal(t, stage.Succeeded, f.over(id).Outcome)
		}
		t.Logf("all over %v after the last signal", time.Since(sent).Round(time.Millisecond))
		seen()
		var want []string
		for _, sig := range signals {
			want = append(want, sig.ID)
		}
		for _, id := range ids {
			var got []string
			fence := uint64(1)
			for e, err := range f.store.Events(t.Context(), id, 0) {
				require.NoError(t, err)
				switch b := e.Body.(type) {
				case ledger.Signalled:
					got = append(got, b.Signal.ID)
				case ledger.Taken:
					fence = b.Fence
				}
			}
			assert.Equal(t, want, got, "%s", id)
			t.Logf("%s was taken over %d times", id, fence-1)
			inbox := slices.Clone(want)
			inbox = slices.DeleteFunc(inbox, func(s string) bool { return s == "hold" || s == "on" })
			got = nil
			for _, sig := range f.state(id).Stage("count").Inbox {
				got = append(got, sig.ID)
			}
			assert.Equal(t, inbox, got, "%s", id)
		}
	})
}

// TestAnAbortReachesWhoeverCarries aborts releases that one host carries, one that runs and one that is at
// rest, from a console and twice at once.
func TestAnAbortReachesWhoeverCarries(t *testing.T) {
	beside(t, func(f *fleet) {
		f.many = 1
		host, _ := f.start("host", 0)
		host.Tell("takeup")
		f.says(host, "taken 0")
		consoles := []*release.Runner{f.console(), f.console()}
		for _, id := range []string{"runs", "rests"} {
			host.Tell("count " + id + " " + id)
			f.says(host, "begun "+id)
			var both sync.WaitGroup
			began := time.Now()
			for _, c := range consoles {
				both.Go(func() {
					assert.NoError(f.t, c.Signal(f.t.Context(), id, stage.Signal{ID: "1", Kind: stage.Abort, By: "grace"}))
				})
			}
			both.Wait()
			assert.Equal(f.t, stage.Aborted, f.over(id).Outcome)
			f.t.Logf("%s was over %.1f beats after its abort", id, time.Since(began).Seconds()*15/f.lease.Seconds())
		}
	})
}
