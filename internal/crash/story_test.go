package crash_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/require"
)

// story is a release, and the people around it.
type story struct {
	pipeline func(m *machine) release.Pipeline
	people   []person
	begin    func(w *world) // before anything else; nil: nothing
	// loose says that effects of stages which run at once may come in any order.
	loose bool
	// forgets says that the router of a host dies with it: the next one gives the traffic back first, where it
	// can tell to whom.
	forgets bool
	// leases says that the store is shared: hosts have leases in it.
	leases bool
}

// person does something, once, when the release stands so, and then tells the release, again and again
// under the same ID, until somebody takes the signal.
type person struct {
	when   func(*ledger.State) bool
	after  rollout.EventKind // what a rollout must have told before; empty: nothing
	deed   func(*world)
	signal stage.Signal
}

const id = "r1"

// told is all that is left of a story.
type told struct {
	state   *ledger.State
	events  []ledger.Event
	world   *world
	touches []int // of each host
	writes  [][]int
	signals []stage.Signal
	stuck   bool
}

// tell carries the story through hosts that die one after the other; the last one does not. Each comes
// a second after the one before has died. It is called in a bubble.
func (s story) tell(t *testing.T, store release.Store, cuts ...cut) told {
	t.Helper()
	return s.tellOn(t, store, nil, cuts...)
}

// tellOn does so where the store is replaced, too, when a host has died.
func (s story) tellOn(t *testing.T, store release.Store, replace func(release.Store) release.Store, cuts ...cut) told {
	t.Helper()
	w := newWorld()
	if s.begin != nil {
		s.begin(w)
	}
	h := &house{t: t, world: w, story: s, store: store, replace: replace, over: make(chan struct{})}
	people := make(chan struct{})
	go func() {
		defer close(people)
		h.people()
	}()
	for n := 0; ; n++ {
		var c cut
		if n < len(cuts) {
			c = cuts[n]
		}
		if h.carried(c) {
			break
		}
		require.Less(t, n, len(cuts), "a host died of nothing")
		if s.forgets {
			w.sim.Meddle(func(t *rollout.Table) { *t = rollout.Table{} })
		}
		time.Sleep(time.Second)
		if h.replace != nil {
			h.world.mu.Lock()
			h.store = h.replace(h.store)
			h.world.mu.Unlock()
		}
	}
	close(h.over)
	<-people
	for _, m := range h.machines {
		_ = m.runner.Close()
	}
	synctest.Wait()
	return h.told()
}

// house is where the hosts of a story run.
type house struct {
	t       *testing.T
	world   *world
	story   story
	store   release.Store
	replace func(release.Store) release.Store // after a death; nil: it stays
	over    chan struct{}

	machines []*machine
	phone    func() *machine // whom people call; nil: the last host
	stuck    bool
	signals  []stage.Signal
	seen     ledger.State // what people know
	heard    []rollout.EventKind
}

// patience is how long a story takes at most, by the clock of its bubble.
const patience = 5 * time.Hour

// carried runs a host. False: it died.
func (h *house) carried(c cut) bool {
	m := &machine{world: h.world, cut: c, died: make(chan struct{})}
	m.runner = release.NewRunner(release.Config{Store: h.disk(m)})
	h.world.mu.Lock()
	h.machines = append(h.machines, m)
	h.world.mu.Unlock()
	p := h.story.pipeline(m)
	ended := make(chan error, 1)
	go func() {
		if h.story.forgets {
			if err := h.relight(m); err != nil {
				ended <- err
				return
			}
		}
		err := m.runner.Begin(context.Background(), p, release.Request{ID: id, Service: "shop", RequestedBy: "ada"})
		if errors.Is(err, release.ErrConflict) {
			_, err = m.runner.TakeUp(context.Background(), p)
		}
		if err == nil {
			_, err = m.runner.Wait(context.Background(), id)
		}
		for errors.Is(err, release.ErrUnknown) { // another host has a lease on it
			time.Sleep(time.Second)
			_, err = m.runner.Wait(context.Background(), id)
		}
		ended <- err
	}()
	select {
	case <-m.died:
		return false
	case <-time.After(patience):
		h.stuck = true
		return true
	case err := <-ended:
		if m.lives() != nil {
			return false
		}
		var how *stage.Error
		if err != nil && (!errors.As(err, &how) || how.Outcome == stage.Interrupted) {
			require.NoError(h.t, err)
		}
		return true
	}
}

// relight is what a host does before all else.
func (h *house) relight(m *machine) error {
	now, err := rollout.Current(context.Background(), m.target())
	if errors.Is(err, rollout.ErrDark) {
		return rollout.Restore(context.Background(), m.target(), now, rollout.Options{Poll: time.Second})
	}
	if errors.Is(err, rollout.ErrUnderWay) {
		return nil // the rollout goes on
	}
	return err
}

// disk is the store as the machine sees it.
func (h *house) disk(m *machine) release.Store {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if h.story.leases {
		return shared{disk{m, h.store}}
	}
	return disk{m, h.store}
}

// host is the host that lives now, or the last one that did.
func (h *house) host() *machine {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if h.phone != nil {
		return h.phone()
	}
	if len(h.machines) == 0 {
		return nil
	}
	return h.machines[len(h.machines)-1]
}

// people do what they do, one after the other. They look at the release once a second.
func (h *house) people() {
	for _, p := range h.story.people {
		for {
			if h.stands(p) {
				break
			}
			if h.wait() {
				return
			}
		}
		if p.deed != nil {
			p.deed(h.world)
		}
		for {
			err := h.host().runner.Signal(context.Background(), id, p.signal)
			if err == nil || errors.Is(err, ledger.ErrTooLate) || errors.Is(err, ledger.ErrSignal) {
				if err == nil {
					h.signals = append(h.signals, p.signal)
				}
				break
			}
			if h.wait() {
				return
			}
		}
	}
}

// wait lets a second pass. True: the story is over.
func (h *house) wait() bool {
	select {
	case <-time.After(time.Second):
		return false
	case <-h.over:
		return true
	}
}

// stands reports whether the release stands as the person waits for.
func (h *house) stands(p person) bool {
	if h.host() == nil {
		return false
	}
	store := h.disk(h.host())
	for e, err := range store.Events(context.Background(), id, h.seen.Seq+1) {
		if err != nil {
			return false
		}
		require.NoError(h.t, h.seen.Apply(e))
		if b, ok := e.Body.(ledger.Noted); ok && b.Name == deploy.DetailEvent {
			var told rollout.Event
			require.NoError(h.t, json.Unmarshal(b.Data, &told))
			h.heard = append(h.heard, told.Kind)
		}
	}
	return h.seen.Seq > 0 && (p.after == "" || slices.Contains(h.heard, p.after)) && p.when(&h.seen)
}

func (h *house) told() told {
	out := told{world: h.world, signals: h.signals, stuck: h.stuck}
	for _, m := range h.machines {
		out.touches = append(out.touches, m.touches)
		out.writes = append(out.writes, m.writes)
	}
	for e, err := range h.store.Events(context.Background(), id, 0) {
		require.NoError(h.t, err)
		out.events = append(out.events, e)
	}
	var err error
	out.state, err = ledger.Fold(func(yield func(ledger.Event, error) bool) {
		for _, e := range out.events {
			if !yield(e, nil) {
				return
			}
		}
	})
	require.NoError(h.t, err)
	return out
}

// ending is how a stage ended, without what a crash may rightly change: times, attempts, hosts.
type ending struct {
	Name    string
	Outcome stage.Outcome
	By      string
	Reason  string
	Undo    stage.Outcome
	Failed  int
	Inbox   []string
}

// canonical is how the release ended, without what a crash may rightly change.
type canonical struct {
	Outcome    stage.Outcome
	By, Reason string
	Stages     []ending
	Values     map[string]string
	Undoing    string
}

// worded leaves out how a rollout says whether it went back itself, or finds that it did.
var worded = strings.NewReplacer(": rollout rolled back at step 1 (50% of the traffic to 1.1.0): aborted by the stage's timeout: it took longer than its timeout of 30s", "",
	"an earlier attempt was rolled back: ", "", "rollout rolled back at step 1 (50% of the traffic to 1.1.0): ", "")

// Waves leave out what became of each region where they find that they have ended, and say it in another order.
var (
	stoppedBefore = regexp.MustCompile(`an earlier attempt was stopped: (.*); (wave \d was taken back, .*: regions run different versions)`)
	ofRegions     = regexp.MustCompile(`waves (rolled back|stopped) at wave \d of \d: |rollout rolled back at step \d \(hold[^)]*\): |; (eu|us|ap) (promoted|rolled back|untouched)`)
)

// say is a reason without what a crash may rightly change.
func say(reason string) string {
	return ofRegions.ReplaceAllString(stoppedBefore.ReplaceAllString(worded.Replace(reason), "$2: $1"), "")
}

func (out told) canonical() canonical {
	s := out.state
	c := canonical{Outcome: s.Outcome, By: s.By, Reason: say(s.Reason), Values: make(map[string]string)}
	for _, st := range s.Stages {
		e := ending{Name: st.Name, Outcome: st.Outcome, By: st.By, Reason: say(st.Reason), Failed: st.Failures}
		if st.Undo != nil {
			e.Undo = st.Undo.Outcome
		}
		for _, sig := range st.Inbox {
			e.Inbox = append(e.Inbox, sig.ID)
		}
		c.Stages = append(c.Stages, e)
	}
	for k, v := range s.Values {
		c.Values[k] = string(v)
	}
	if s.Undoing != nil {
		c.Undoing = s.Undoing.Reason
	}
	return c
}

// recorded counts how often the signal is in the history.
func (out told) recorded(id string) (n int) {
	for _, e := range out.events {
		if b, ok := e.Body.(ledger.Signalled); ok && b.Signal.ID == id {
			n++
		}
	}
	return n
}

// history is what was recorded, a line for each event.
func (out told) history() string {
	var text strings.Builder
	for _, e := range out.events {
		body, _ := json.Marshal(e.Body)
		if e.Seq == 1 {
			body = nil
		}
		fmt.Fprintf(&text, "%3d %s %s %s/%d %s\n", e.Seq, e.Time.Format("15:04:05.000"), e.Body.Type(), e.Stage, e.Attempt, body)
	}
	return text.String()
}

// faults are what must hold of every story, however it was told.
func (out told) faults() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !out.state.Over() {
		bad("the release is not over:\n%s", out.history())
	}
	for _, sig := range out.signals {
		if n := out.recorded(sig.ID); n != 1 {
			bad("signal %s was acknowledged, and is recorded %d times", sig.ID, n)
		}
	}
	if again := out.world.revived(); len(again) > 0 {
		bad("brought about again after it was undone: %q", again)
	}
	for i := range out.events[1:] {
		if out.events[i+1].Time.Before(out.events[i].Time) {
			bad("event %d is before the one before it", out.events[i+1].Seq)
		}
	}
	return errors.Join(errs...)
}

// runs is what the simulated service runs, and who gets the traffic.
func (out told) runs() string {
	if out.world.sim == nil {
		return out.world.regionsRun()
	}
	now, err := rollout.Current(context.Background(), out.world.sim.Target())
	return fmt.Sprint(now, err, out.world.sim.Violations())
}

// likeness reports how a story that was told with crashes differs from the same one without.
func (out told) likeness(s story, whole told) error {
	var errs []error
	want, got := whole.canonical(), out.canonical()
	if a, b := fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got); a != b {
		errs = append(errs, fmt.Errorf("the end differs:\n%s\nwithout a crash:\n%s", b, a))
	}
	a, b := whole.world.intents(), out.world.intents()
	if s.loose {
		slices.Sort(a)
		slices.Sort(b)
	}
	if !slices.Equal(a, b) {
		errs = append(errs, fmt.Errorf("the target saw\n%q\nwithout a crash:\n%q", b, a))
	}
	if a, b := whole.runs(), out.runs(); a != b {
		errs = append(errs, fmt.Errorf("what runs is\n%s\nwithout a crash:\n%s", b, a))
	}
	if a, b := fmt.Sprint(whole.world.stands), fmt.Sprint(out.world.stands); a != b {
		errs = append(errs, fmt.Errorf("in effect are\n%s\nwithout a crash:\n%s", b, a))
	}
	return errors.Join(append(errs, out.faults())...)
}
