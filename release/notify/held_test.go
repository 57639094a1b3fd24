package notify_test

import (
	"context"
	"fmt"
	"slices"
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

// asked puts a release into a store that waits for an approval since then.
func asked(t *testing.T, store release.Store, id string) {
	t.Helper()
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "ask", Listens: []stage.SignalKind{stage.Approve}, Traits: []stage.Trait{stage.Asks}}}}
	bodies := []ledger.Event{
		{Body: ledger.Requested{Release: stage.Release{ID: id, Service: "shop", RequestedBy: "ada"}, Pipeline: p}},
		{Stage: "ask", Attempt: 1, Body: ledger.Began{}},
		{Stage: "ask", Attempt: 1, Body: ledger.Ended{Outcome: stage.Waiting, Reason: "0 of 1 approvals"}},
	}
	for i := range bodies {
		bodies[i].Seq, bodies[i].Time = uint64(i+1), time.Now().UTC()
	}
	require.NoError(t, store.Append(t.Context(), id, 0, bodies...))
}

// nocturnal are options in which one recipient is told everything, and another on the same channel of what is asked alone.
func nocturnal(store release.Store, ch notify.Channel, sleeper notify.Recipient) notify.Options {
	sleeper.Name, sleeper.Channel, sleeper.Address = "sleeper", "mail", "s@example.com"
	return notify.Options{
		Store: store, Channels: map[string]notify.Channel{"mail": ch}, Since: time.Unix(0, 0),
		Groups: []notify.Group{
			{Name: "a", Recipients: []notify.Recipient{sleeper}},
			{Name: "b", Recipients: []notify.Recipient{{Name: "owl", Channel: "mail", Address: "o@example.com"}}},
		},
		Rules: []notify.Rule{{Name: "all", To: []string{"a"}}, {Name: "ask", Kinds: []string{"approval.asked"}, To: []string{"b"}}},
	}
}

// to are the messages to somebody.
func (r *room) to(name string) []notify.Message {
	return slices.DeleteFunc(r.got(), func(m notify.Message) bool { return m.To != name })
}

// Somebody who sleeps, or whose mailbox is full, keeps nobody else on the channel waiting, and misses nothing; also with a restart in between.
func TestWhoCannotBeToldKeepsNobodyElseWaiting(t *testing.T) {
	night := time.Hour
	if stride == 1 {
		night = 3 * time.Hour
	}
	for _, mode := range []string{"asleep", "refused"} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %v", mode, restart), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store, ch := new(release.MemoryStore), &room{}
					var sleeper notify.Recipient
					until := time.Now().Add(night) // a bubble begins at midnight
					if mode == "asleep" {
						sleeper = notify.Recipient{Zone: "UTC", Quiet: []notify.Hours{{From: 0, To: night}}}
					} else {
						ch.fail = func(m notify.Message, _ int) error {
							if m.To == "sleeper" && time.Now().Before(until) {
								return errDown
							}
							return nil
						}
					}
					o := nocturnal(store, ch, sleeper)
					o.Cursors = new(notify.MemoryCursors)
					n, err := notify.New(o)
					require.NoError(t, err)
					stop := run(t, n)
					releases := 30/stride + 5
					for i := range releases {
						written(t, store, fmt.Sprintf("r-%02d", i), 100)
					}
					time.Sleep(night / 3)
					asked(t, store, "ask-1")
					time.Sleep(time.Minute)
					require.Len(t, ch.to("owl"), 1)
					assert.Less(t, ch.times()[0].Sub(ch.got()[0].Time), 5*time.Second)
					assert.Empty(t, ch.to("sleeper"))
					s := n.Status()[0]
					assert.True(t, s.Behind)
					require.Len(t, s.Held, 1)
					assert.Equal(t, "sleeper", s.Held[0].To)
					assert.Equal(t, "s@example.com", s.Held[0].Address)
					assert.Equal(t, s.Waiting, s.Held[0].Waiting)
					assert.Greater(t, s.Held[0].Behind, 0)
					if mode == "asleep" {
						assert.Equal(t, until.UTC(), s.Held[0].Until)
						assert.Empty(t, s.Held[0].Failing)
					} else {
						assert.Equal(t, "down", s.Held[0].Failing)
					}
					if restart {
						stop()
						if n, err = notify.New(o); err != nil {
							t.Fatal(err)
						}
						run(t, n)
						time.Sleep(time.Minute)
						assert.Len(t, ch.to("owl"), 1)
					}
					time.Sleep(5 * time.Hour)
					got := ch.to("sleeper")
					assert.Len(t, got, releases*202+3)
					seen := map[string]bool{}
					for _, m := range got {
						seen[m.ID] = true
					}
					assert.Len(t, seen, len(got), "each once")
					assert.Len(t, ch.to("owl"), 1)
					s = n.Status()[0]
					assert.Empty(t, s.Held)
					assert.False(t, s.Behind)
					assert.Zero(t, s.Waiting)
				})
			})
		}
	}
}

// What is urgent reaches somebody who may be woken, however much waits for the morning, and comes once.
func TestUrgentOvertakesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := nocturnal(store, ch, notify.Recipient{Zone: "UTC", Quiet: []notify.Hours{{From: 0, To: 3 * time.Hour}}, WakeForUrgent: true})
		o.Severity = func(o notify.Occurrence) notify.Severity {
			if o.Kind == notify.ApprovalAsked {
				return notify.Urgent
			}
			return notify.Info
		}
		begin(t, o)
		for i := range 20 {
			written(t, store, fmt.Sprintf("r-%02d", i), 100)
		}
		time.Sleep(time.Minute)
		asked(t, store, "ask-1")
		time.Sleep(time.Minute)
		require.Len(t, ch.to("sleeper"), 1)
		assert.Equal(t, notify.ApprovalAsked, ch.to("sleeper")[0].Kind)
		time.Sleep(4 * time.Hour)
		assert.Len(t, ch.to("sleeper"), 20*202+3)
	})
}

// A mailbox that refuses everything makes messages to others no later, also those that come long after.
func TestARefusalIsOfOneRecipient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		var tries atomic.Int64
		ch := &room{fail: func(m notify.Message, _ int) error {
			if m.To == "sleeper" {
				tries.Add(1)
				return errDown
			}
			return nil
		}}
		begin(t, nocturnal(store, ch, notify.Recipient{}))
		written(t, store, "r", 200)
		asks := 20 / min(stride, 2)
		for i := range asks {
			time.Sleep(31 * time.Minute)
			asked(t, store, fmt.Sprintf("ask-%d", i))
			time.Sleep(10 * time.Second)
			require.Len(t, ch.to("owl"), i+1)
		}
		assert.Less(t, tries.Load(), int64(asks*31), "it is not tried all the time")
	})
}

// However many others a channel takes a long time to refuse, somebody who was not refused waits for one of them at most.
func TestWhoIsRefusedComesLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := nocturnal(store, notify.Func(func(ctx context.Context, m notify.Message) error {
			if m.To != "owl" {
				<-ctx.Done()
				return ctx.Err()
			}
			return ch.Send(ctx, m)
		}), notify.Recipient{})
		for i := range 20 {
			o.Groups[0].Recipients = append(o.Groups[0].Recipients, notify.Recipient{Name: fmt.Sprintf("sleeper-%d", i), Channel: "mail"})
		}
		begin(t, o)
		written(t, store, "r", 20)
		time.Sleep(3 * time.Hour)
		asked(t, store, "ask")
		time.Sleep(35 * time.Second)
		assert.Len(t, ch.got(), 1)
	})
}
