package notify_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written puts a release of so many stages into a store, which has succeeded.
func written(t *testing.T, store release.Store, id string, stages int) {
	t.Helper()
	events := []ledger.Event{{Body: ledger.Requested{Release: stage.Release{ID: id, Service: "shop", RequestedBy: "ada"}}}}
	p := ledger.Pipeline{Name: "shop"}
	for i := range stages {
		name := fmt.Sprintf("s%d", i)
		p.Stages = append(p.Stages, ledger.Stage{Name: name})
		events = append(events, ledger.Event{Stage: name, Attempt: 1, Body: ledger.Began{}},
			ledger.Event{Stage: name, Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}})
	}
	events[0].Body = ledger.Requested{Release: events[0].Body.(ledger.Requested).Release, Pipeline: p}
	events = append(events, ledger.Event{Body: ledger.Finished{Outcome: stage.Succeeded}})
	for i := range events {
		events[i].Seq, events[i].Time = uint64(i+1), time.Now().UTC()
	}
	require.NoError(t, store.Append(t.Context(), id, 0, events...))
}

// plain are options with one person on each of the channels, who is told everything from the beginning.
func plain(store release.Store, channels map[string]notify.Channel) notify.Options {
	o := notify.Options{Store: store, Channels: channels, Since: time.Unix(0, 0), Groups: []notify.Group{{Name: "team"}}}
	for name := range channels {
		o.Groups[0].Recipients = append(o.Groups[0].Recipients, notify.Recipient{Name: "ada", Channel: name})
	}
	o.Rules = []notify.Rule{{Name: "all", To: []string{"team"}}}
	return o
}

func TestAChannelThatFailsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, good := new(release.MemoryStore), &room{}
		back := time.Now().Add(3 * time.Hour)
		bad := &room{fail: func(notify.Message, int) error {
			if time.Now().Before(back) {
				return errDown
			}
			return nil
		}}
		written(t, store, "shop-1", 3)
		n, err := notify.New(plain(store, map[string]notify.Channel{"good": good, "bad": bad}))
		require.NoError(t, err)
		run(t, n)
		time.Sleep(2 * time.Second)
		assert.Len(t, good.got(), 8)
		assert.Empty(t, bad.got())
		s := n.Status()
		assert.Equal(t, "bad", s[0].Name)
		assert.Equal(t, "down", s[0].Failing)
		assert.Equal(t, 8, s[0].Waiting)
		assert.Empty(t, s[1].Failing)
		time.Sleep(4 * time.Hour)
		assert.ElementsMatch(t, ids(good.got()), idsOn(store, t, "bad", bad), "all of it has come")
		assert.Empty(t, n.Status()[0].Failing)
		assert.Less(t, bad.tries(), 8*60, "it was not asked all the time")
	})
}

// idsOn are the IDs that the messages of a channel would have on the channel "good".
func idsOn(store release.Store, t *testing.T, _ string, r *room) []string {
	other := &room{}
	stop := begin(t, plain(store, map[string]notify.Channel{"good": other}))
	defer stop()
	time.Sleep(2 * time.Second)
	bySeq := map[string]string{}
	for _, m := range other.got() {
		bySeq[fmt.Sprint(m.Release.ID, m.Seq)] = m.ID
	}
	var all []string
	for _, m := range r.got() {
		all = append(all, bySeq[fmt.Sprint(m.Release.ID, m.Seq)])
	}
	return all
}

func ids(list []notify.Message) []string {
	var all []string
	for _, m := range list {
		all = append(all, m.ID)
	}
	return all
}

func (r *room) tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, k := range r.try {
		n += k
	}
	return n
}

func TestAMessageThatIsNotTakenComesAgainWithItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		ch := &room{fail: func(m notify.Message, try int) error {
			if m.Kind == notify.ReleaseSucceeded && try < 4 {
				return &notify.AfterError{Wait: 10 * time.Minute, Err: errDown}
			}
			return nil
		}}
		written(t, store, "shop-1", 1)
		began := time.Now()
		begin(t, plain(store, map[string]notify.Channel{"room": ch}))
		time.Sleep(time.Hour)
		got := ch.got()
		require.Len(t, got, 4)
		assert.Equal(t, 4, ch.try[got[3].ID])
		assert.GreaterOrEqual(t, ch.times()[3].Sub(began), 30*time.Minute, "it asked to be left alone")
	})
}

func TestOneMessageThatIsNotTakenHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		ch := &room{fail: func(m notify.Message, _ int) error {
			if m.Seq == 2 {
				return errDown
			}
			return nil
		}}
		written(t, store, "shop-1", 20)
		begin(t, plain(store, map[string]notify.Channel{"room": ch}))
		time.Sleep(time.Minute)
		assert.Len(t, ch.got(), 41)
	})
}

func TestADeadLetterIsToldElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, mail, chat := new(release.MemoryStore), &room{}, &room{}
		mail.fail = func(m notify.Message, _ int) error {
			switch m.Kind {
			case notify.StageBegan:
				return notify.Permanent(errors.New("no such mailbox"))
			case notify.StageSucceeded:
				return errDown
			}
			return nil
		}
		o := plain(store, map[string]notify.Channel{"mail": mail})
		o.Channels["chat"] = chat
		o.Groups = append(o.Groups, notify.Group{Name: "admins", Recipients: []notify.Recipient{{Name: "root", Channel: "chat"}, {Name: "root", Channel: "mail"}}})
		o.Alarms, o.Retry = "admins", notify.Retry{Attempts: 5}
		cursors := new(notify.MemoryCursors)
		o.Cursors = cursors
		written(t, store, "shop-1", 1)
		n, err := notify.New(o)
		require.NoError(t, err)
		stop := run(t, n)
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"root: 2 messages, the last one: A message to ada on channel mail is given up"}, chat.lines(), "as one")
		text := chat.got()[0].Parts[0].Text
		assert.Contains(t, text, "no such mailbox")
		assert.Contains(t, text, "s0 begins")
		assert.Len(t, mail.got(), 2, "the others, and no alarm about itself")
		dead := n.Status()[1].Dead
		require.Len(t, dead, 2)
		assert.Equal(t, 1, dead[0].Tries)
		assert.Equal(t, 5, dead[1].Tries)
		stop()
		again, err := notify.New(o)
		require.NoError(t, err)
		run(t, again)
		time.Sleep(time.Minute)
		assert.Len(t, again.Status()[1].Dead, 2, "they are still known after a restart")
		assert.Len(t, chat.got(), 1)
	})
}

// What is given up is kept in each save: of a digest, without the texts of its parts.
func TestADigestThatIsGivenUpIsKeptInShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		texts := 0
		ch := &room{fail: func(m notify.Message, _ int) error {
			for _, p := range m.Parts {
				texts += len(p.Text)
			}
			return notify.Permanent(errDown)
		}}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients[0].DigestEvery = time.Hour
		n, err := notify.New(o)
		require.NoError(t, err)
		run(t, n)
		written(t, store, "shop-1", 1)
		time.Sleep(2 * time.Hour)
		dead := n.Status()[0].Dead
		require.Len(t, dead, 1)
		require.NotEmpty(t, dead[0].Message.Parts)
		assert.NotEmpty(t, dead[0].Message.Text)
		assert.NotZero(t, texts, "it was tried with all texts")
		for _, p := range dead[0].Message.Parts {
			assert.NotEmpty(t, p.Subject)
			assert.Empty(t, p.Text)
		}
	})
}

func TestALetterDiesOfAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{fail: func(notify.Message, int) error { return errDown }}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Retry.Within = 2 * time.Hour
		written(t, store, "shop-1", 1)
		n, err := notify.New(o)
		require.NoError(t, err)
		run(t, n)
		time.Sleep(110 * time.Minute)
		assert.Empty(t, n.Status()[0].Dead)
		time.Sleep(30 * time.Minute)
		assert.Len(t, n.Status()[0].Dead, 4)
	})
}

// By default a message lives for a day: an outage of nearly that long loses nothing.
func TestADayOfOutageLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, back := new(release.MemoryStore), time.Now().Add(23*time.Hour)
		ch := &room{fail: func(notify.Message, int) error {
			if time.Now().Before(back) {
				return errDown
			}
			return nil
		}}
		written(t, store, "shop-1", 10)
		n, err := notify.New(plain(store, map[string]notify.Channel{"room": ch}))
		require.NoError(t, err)
		run(t, n)
		time.Sleep(24*time.Hour + 30*time.Minute)
		assert.Len(t, ch.got(), 22)
		assert.Empty(t, n.Status()[0].Dead)
		assert.Empty(t, n.Status()[0].Held)
	})
}

func TestAChannelThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, good := new(release.MemoryStore), &room{}
		free := make(chan struct{})
		var calls atomic.Int32
		o := plain(store, map[string]notify.Channel{"good": good, "stuck": notify.Func(func(context.Context, notify.Message) error {
			calls.Add(1)
			<-free
			return nil
		})})
		o.Alarms = "team"
		written(t, store, "shop-1", 1)
		n, err := notify.New(o)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- n.Run(ctx) }()
		time.Sleep(time.Hour)
		assert.EqualValues(t, 1, calls.Load(), "it is called once at a time")
		assert.True(t, n.Status()[1].Hangs)
		assert.Contains(t, good.lines(), "ada: Channel stuck hangs")
		assert.Len(t, good.got(), 5)
		cancel()
		err = <-done
		assert.ErrorIs(t, err, notify.ErrHangs)
		assert.ErrorContains(t, err, "channel stuck")
		close(free)
	})
}

func TestAChannelThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		ch := &room{fail: func(_ notify.Message, try int) error {
			switch try {
			case 1:
				panic("oops")
			case 2:
				runtime.Goexit()
			}
			return nil
		}}
		written(t, store, "shop-1", 1)
		begin(t, plain(store, map[string]notify.Channel{"room": ch}))
		time.Sleep(10 * time.Minute)
		assert.Len(t, ch.got(), 4)
	})
}

// What lies behind is told in order, and never are more than some of it in memory.
func TestFarBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		releases := 30/stride + 7
		store := new(release.MemoryStore)
		for i := range releases {
			written(t, store, fmt.Sprintf("shop-%02d", i), 100) // 202 events each
		}
		var n *notify.Notifier
		most := 0
		var up atomic.Bool
		ch := &room{fail: func(notify.Message, int) error {
			s := n.Status()[0]
			most = max(most, s.Waiting)
			if !up.Load() {
				return errDown
			}
			return nil
		}}
		n, err := notify.New(plain(store, map[string]notify.Channel{"room": ch}))
		require.NoError(t, err)
		run(t, n)
		time.Sleep(time.Minute)
		assert.True(t, n.Status()[0].Behind)
		up.Store(true)
		time.Sleep(time.Hour)
		got := ch.got()
		require.Len(t, got, releases*202)
		assert.LessOrEqual(t, most, notify.MaxReady)
		assert.Less(t, ch.times()[len(got)-1].Sub(ch.times()[0]), time.Second, "there is no wait for the next look at the store")
		assert.False(t, n.Status()[0].Behind)
		last := map[string]uint64{}
		for _, m := range got[10:] { // the first ones failed, and were overtaken
			if m.Release.ID != "shop-00" {
				assert.Equal(t, last[m.Release.ID]+1, m.Seq)
			}
			last[m.Release.ID] = m.Seq
		}
	})
}

// A channel that is behind in the midst of a release that others have read to its end has it read anew.
func TestBehindWithinARelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, good := new(release.MemoryStore), &room{}
		var up atomic.Bool
		bad := &room{fail: func(notify.Message, int) error {
			if !up.Load() {
				return errDown
			}
			return nil
		}}
		whole := new(release.MemoryStore)
		written(t, whole, "shop-1", 1000)
		for e, err := range whole.Events(t.Context(), "shop-1", 1) {
			require.NoError(t, err)
			if e.Seq < 2002 { // it is under way
				require.NoError(t, store.Append(t.Context(), "shop-1", e.Seq-1, e))
			}
		}
		begin(t, plain(store, map[string]notify.Channel{"good": good, "bad": bad}))
		time.Sleep(time.Minute)
		assert.Len(t, good.got(), 2001)
		up.Store(true)
		time.Sleep(10 * time.Minute)
		assert.Len(t, bad.got(), 2001)
		assert.Len(t, good.got(), 2001)
	})
}

// A look at the store that comes late misses nothing, also of one that only tells what was written of late.
func TestSeldomLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Poll = 2 * time.Minute
		begin(t, o)
		time.Sleep(30 * time.Second)
		written(t, store, "shop-1", 1)
		time.Sleep(2 * time.Minute)
		assert.Len(t, ch.got(), 4)
	})
}

// Channels that refuse everything, alarms as well, come to rest.
func TestThereAreNoAlarmsAboutAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		never := func(notify.Message, int) error { return notify.Permanent(errDown) }
		a, b := &room{fail: never}, &room{fail: never}
		o := plain(store, map[string]notify.Channel{"a": a, "b": b})
		o.Alarms = "team"
		written(t, store, "shop-1", 1)
		begin(t, o)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 5, a.tries(), "four messages, and one alarm of four")
		assert.Equal(t, 5, b.tries())
	})
}

// An alarm does not send what is collected for somebody before its time.
func TestAlarmsAndDigestsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, chat := new(release.MemoryStore), &room{}
		mail := &room{fail: func(notify.Message, int) error { return notify.Permanent(errDown) }}
		o := plain(store, map[string]notify.Channel{"mail": mail})
		o.Channels["chat"] = chat
		o.Groups = append(o.Groups, notify.Group{Name: "admins", Recipients: []notify.Recipient{{Name: "root", Channel: "chat", DigestEvery: time.Hour}}})
		o.Rules[0].To = []string{"team", "admins"}
		o.Alarms = "admins"
		written(t, store, "shop-1", 2)
		begin(t, o)
		time.Sleep(10 * time.Minute)
		require.Len(t, chat.got(), 1)
		assert.Equal(t, notify.Alarm, chat.got()[0].Kind)
		assert.Len(t, chat.got()[0].Parts, 6)
		time.Sleep(time.Hour)
		require.Len(t, chat.got(), 2)
		assert.Equal(t, notify.Digest, chat.got()[1].Kind)
		assert.Len(t, chat.got()[1].Parts, 6)
	})
}

// flaky is a store that fails for a while.
type flaky struct {
	*release.MemoryStore
	until time.Time
}

func (f *flaky) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	if time.Now().Before(f.until) {
		return func(yield func(ledger.Event, error) bool) {
			for e, err := range f.MemoryStore.Events(ctx, id, from) {
				if !yield(e, err) {
					return
				}
				yield(ledger.Event{}, errDown) // after the first one
				return
			}
		}
	}
	return f.MemoryStore.Events(ctx, id, from)
}

func TestAStoreThatFailsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := &flaky{MemoryStore: new(release.MemoryStore), until: time.Now().Add(10 * time.Minute)}, &room{}
		written(t, store.MemoryStore, "shop-1", 5)
		begin(t, plain(failing{store}, map[string]notify.Channel{"room": ch}))
		time.Sleep(5 * time.Minute)
		assert.Less(t, len(ch.got()), 2)
		time.Sleep(6 * time.Minute)
		assert.Len(t, ch.got(), 12)
	})
}

// failing is a store without further abilities.
type failing struct{ release.Store }

func TestABrokenReleaseKeepsNoOtherFromBeingTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		require.NoError(t, store.Append(t.Context(), "bad", 0, ledger.Event{Seq: 1, Time: time.Now(), Body: ledger.Finished{Outcome: stage.Failed}}))
		written(t, store, "shop-1", 1)
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Alarms = "team"
		begin(t, o)
		time.Sleep(time.Hour)
		lines := ch.lines()
		assert.Len(t, lines, 5)
		assert.Contains(t, strings.Join(lines, "\n"), "Release bad cannot be told of")
	})
}

// Releases that cannot be read, however many, keep no other from being told, nor make it wait.
func TestManyReleasesThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := corrupt{MemoryStore: new(release.MemoryStore)}, &room{}
		written(t, store, "good-1", 1)
		for i := range 30 {
			written(t, store, fmt.Sprintf("bad-%d", i), 1)
		}
		begin(t, plain(store, map[string]notify.Channel{"room": ch}))
		time.Sleep(time.Hour)
		written(t, store, "good-2", 1)
		time.Sleep(time.Minute)
		assert.Len(t, ch.got(), 8)
		assert.Less(t, ch.times()[7].Sub(ch.times()[0]), time.Hour+20*time.Second)
	})
}

// A release that can be read again is told of soon, though nothing was written to it since.
func TestAReleaseThatCanBeReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := corrupt{new(release.MemoryStore), time.Now().Add(7 * time.Minute)}, &room{}
		written(t, store, "good", 1)
		begin(t, plain(store, map[string]notify.Channel{"room": ch}))
		time.Sleep(time.Minute)
		written(t, store, "bad-1", 1)
		time.Sleep(6*time.Minute + 40*time.Second)
		assert.Len(t, ch.got(), 8)
	})
}

// corrupt is a store that cannot read some of its releases until then; zero: never.
type corrupt struct {
	*release.MemoryStore
	until time.Time
}

func (c corrupt) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	if strings.HasPrefix(id, "bad-") && (c.until.IsZero() || time.Now().Before(c.until)) {
		return func(yield func(ledger.Event, error) bool) { yield(ledger.Event{}, errDown) }
	}
	return c.MemoryStore.Events(ctx, id, from)
}

// A release that a host with a clock that is behind has recorded is told as any other.
func TestTheClocksOfHostsDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Since = time.Time{}
		begin(t, o)
		time.Sleep(time.Minute)
		past := time.Now().Add(-48 * time.Hour)
		require.NoError(t, store.Append(t.Context(), "shop-1", 0, ledger.Event{Seq: 1, Time: past, Body: ledger.Requested{
			Release: stage.Release{ID: "shop-1", Service: "shop"}, Pipeline: ledger.Pipeline{Stages: []ledger.Stage{{Name: "a"}}}}}))
		time.Sleep(time.Minute)
		assert.Len(t, ch.got(), 1)
	})
}

// Without a cursor, what is over is not told, and what is under way is told from then on.
func TestAChannelThatIsNewBeginsNow(t *testing.T) {
	for name, wrap := range map[string]func(release.Store) release.Store{
		"a store with all abilities": func(s release.Store) release.Store { return s },
		"a store with none":          func(s release.Store) release.Store { return failing{s} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, ch := new(release.MemoryStore), &room{}
				written(t, store, "shop-1", 1)
				r, done := launch(t, store, asking(well), "shop-2")
				time.Sleep(time.Minute)
				o := plain(wrap(store), map[string]notify.Channel{"room": ch})
				o.Since = time.Time{}
				begin(t, o)
				time.Sleep(time.Minute)
				assert.Empty(t, ch.lines())
				require.NoError(t, r.Signal(t.Context(), "shop-2", stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace"}))
				<-done
				written(t, store, "shop-3", 1)
				time.Sleep(time.Minute)
				assert.Len(t, ch.lines(), 5+4)
			})
		})
	}
}
