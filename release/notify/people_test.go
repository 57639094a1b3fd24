package notify_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, into))
}

func TestQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is Saturday, 1:00 in Berlin
		store, ch := new(release.MemoryStore), &room{}
		night := []notify.Hours{{From: 22 * time.Hour, To: 7 * time.Hour}}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients = []notify.Recipient{
			{Name: "sleeps", Channel: "room", Zone: "Europe/Berlin", Quiet: night},
			{Name: "wakes", Channel: "room", Zone: "Europe/Berlin", Quiet: night, WakeForUrgent: true},
			{Name: "elsewhere", Channel: "room", Zone: "America/Los_Angeles", Quiet: night}, // 16:00
		}
		o.Rules[0].Kinds = []string{"release.succeeded", "release.stranded"}
		began := time.Now()
		written(t, store, "shop-1", 1)
		strandedAt(t, store, "shop-2")
		begin(t, o)
		time.Sleep(12 * time.Hour)
		var got []string
		for i, m := range ch.got() {
			got = append(got, fmt.Sprintf("%s %s %s", ch.times()[i].Sub(began).Round(time.Second), m.To, m.Kind))
		}
		assert.Equal(t, []string{
			"0s elsewhere release.succeeded", "0s wakes release.stranded", "0s elsewhere release.stranded",
			"6h0m0s sleeps release.succeeded", "6h0m0s wakes release.succeeded", "6h0m0s sleeps release.stranded",
		}, got)
	})
}

// strandedAt is a release of which somebody has to look now.
func strandedAt(t *testing.T, store release.Store, id string) {
	now := time.Now().UTC()
	p := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "deploy", Environment: "production"}}}
	require.NoError(t, store.Append(t.Context(), id, 0,
		ledger.Event{Seq: 1, Time: now, Body: ledger.Requested{Release: stage.Release{ID: id, Service: "shop"}, Pipeline: p}},
		ledger.Event{Seq: 2, Time: now, Stage: "deploy", Attempt: 1, Body: ledger.Began{}},
		ledger.Event{Seq: 3, Time: now, Stage: "deploy", Attempt: 1, Body: ledger.Ended{Outcome: stage.Stranded, Reason: "half done"}},
		ledger.Event{Seq: 4, Time: now, Body: ledger.Finished{Outcome: stage.Stranded, Reason: "stage deploy is stranded"}}))
}

func TestDigests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients = []notify.Recipient{
			{Name: "span", Channel: "room", DigestEvery: time.Hour},
			{Name: "daily", Channel: "room", Zone: "Europe/Berlin", DigestAt: []time.Duration{9 * time.Hour}, DigestBelow: notify.Urgent},
		}
		began := time.Now()
		written(t, store, "shop-1", 1)
		strandedAt(t, store, "shop-2")
		begin(t, o)
		time.Sleep(30 * time.Minute)
		written(t, store, "shop-3", 1)
		time.Sleep(12 * time.Hour)
		var got []string
		for i, m := range ch.got() {
			got = append(got, fmt.Sprintf("%s %s %s %d", ch.times()[i].Sub(began).Round(time.Second), m.To, m.Kind, len(m.Parts)))
		}
		assert.Equal(t, []string{
			"0s span stage.stranded 0", "0s daily stage.stranded 0", "0s span release.stranded 0", "0s daily release.stranded 0",
			"1h0m0s span notify.digest 10", "8h0m0s daily notify.digest 10",
		}, got)
		d := ch.got()[5]
		assert.Equal(t, "10 messages, the last one: shop (shop-3) is released", d.Subject)
		assert.Contains(t, d.Text, "Sat 1 Jan 2000 01:30 CET  shop (shop-3), s0 is done\n")
	})
}

func TestWhatComesAgainTooSoonIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Rules[0].Kinds, o.Rules[0].Dedupe = []string{"stage.began", "release.succeeded"}, time.Hour
		o.Cursors = new(notify.MemoryCursors)
		stop := begin(t, o)
		for i := range 4 {
			written(t, store, fmt.Sprintf("shop-%d", i), 1)
			time.Sleep(10 * time.Minute)
		}
		stop()
		begin(t, o)
		time.Sleep(time.Hour)
		written(t, store, "shop-5", 1)
		time.Sleep(time.Minute)
		var got []string
		for _, m := range ch.got() {
			got = append(got, fmt.Sprintf("%s %s %d", m.Release.ID, m.Kind, m.Repeated))
		}
		assert.Equal(t, []string{
			"shop-0 stage.began 0", "shop-0 release.succeeded 0", "shop-1 release.succeeded 0", "shop-2 release.succeeded 0",
			"shop-3 release.succeeded 0", "shop-5 stage.began 3", "shop-5 release.succeeded 0",
		}, got)
	})
}

func TestWhoIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, a, b := new(release.MemoryStore), &room{}, &room{}
		strandedAt(t, store, "shop-1")
		ada := notify.Recipient{Name: "ada", Channel: "a"}
		o := notify.Options{
			Store: store, Channels: map[string]notify.Channel{"a": a, "b": b}, Since: time.Unix(0, 0),
			Groups: []notify.Group{
				{Name: "one", Recipients: []notify.Recipient{ada, {Name: "grace", Channel: "b"}}},
				{Name: "two", Recipients: []notify.Recipient{ada, {Name: "linus", Channel: "a"}}},
			},
			Rules: []notify.Rule{
				{Name: "urgent", AtLeast: notify.Urgent, Environments: []string{"prod*"}, To: []string{"one"}},
				{Name: "others", Services: []string{"billing"}, To: []string{"two"}},
				{Name: "ends", Kinds: []string{"release.*"}, Services: []string{"sh*"}, To: []string{"one", "two"}},
			},
		}
		begin(t, o)
		time.Sleep(time.Minute)
		var got []string
		for _, m := range append(a.got(), b.got()...) {
			got = append(got, fmt.Sprintf("%s %s by rule %s in group %s", m.To, m.Kind, m.Rule, m.Group))
		}
		assert.Equal(t, []string{
			"ada release.requested by rule ends in group one", "linus release.requested by rule ends in group two",
			"ada stage.stranded by rule urgent in group one",
			"ada release.stranded by rule urgent in group one", "linus release.stranded by rule ends in group two",
			"grace release.requested by rule ends in group one", "grace stage.stranded by rule urgent in group one",
			"grace release.stranded by rule urgent in group one",
		}, got)
	})
}

// Nobody answers: other groups are asked in turn, over a restart, until somebody does.
func TestAnEscalationGoesOnOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch, pager := new(release.MemoryStore), &room{}, &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Channels["pager"] = pager
		o.Groups = append(o.Groups,
			notify.Group{Name: "berlin", Recipients: []notify.Recipient{{Name: "grace", Channel: "pager", Zone: "Europe/Berlin", Hours: office}}},
			notify.Group{Name: "sydney", Recipients: []notify.Recipient{{Name: "linus", Channel: "room", Zone: "Australia/Sydney", Hours: office}}})
		o.Rules[0].Kinds = []string{"approval.asked"}
		o.Rules[0].Escalate = &notify.Escalation{After: 4 * time.Hour, To: []string{"berlin", "sydney"}}
		o.Poll = 20 * time.Second
		o.Cursors = new(notify.MemoryCursors)
		time.Sleep(48*time.Hour + 12*time.Hour) // Monday, 13:00 in Berlin
		began := time.Now()
		r, done := launch(t, store, asking(well), "shop-1")
		stop := begin(t, o)
		time.Sleep(9*time.Hour + 59*time.Minute)
		stop()
		time.Sleep(10 * time.Minute)
		begin(t, o)
		time.Sleep(10 * time.Hour)
		require.NoError(t, r.Signal(t.Context(), "shop-1", stage.Signal{Kind: stage.Approve, Stage: "approve", By: "linus"}))
		<-done
		time.Sleep(100 * time.Hour)
		told := func(r *room) (all []string) {
			for i, m := range r.got() {
				all = append(all, fmt.Sprintf("%s %s %s %d", r.times()[i].Sub(began).Round(time.Minute), m.To, m.Kind, m.Step))
			}
			return all
		}
		assert.Equal(t, []string{
			"0s ada approval.asked 0", "10h9m0s linus approval.escalated 1", // 9:00 in Sydney was at 10h
			"14h0m0s linus approval.escalated 2",
		}, told(ch), "at 16 h, when Berlin has gone home, nobody is awake")
		assert.Equal(t, []string{"20h0m0s grace approval.escalated 3"}, told(pager)[:min(1, len(told(pager)))])
		assert.Contains(t, pager.got()[0].Text, "Nobody has answered since Mon 3 Jan 2000 13:00 CET; this is escalation 3.")
		assert.Len(t, pager.got(), 1)
	})
}

// Whoever says something gives the others time, also where that is not enough.
func TestAnAnswerOfOneOfTwoGivesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Rules[0].Kinds = []string{"approval.asked"}
		o.Rules[0].Escalate = &notify.Escalation{After: 4 * time.Hour, To: []string{"team"}}
		begin(t, o)
		began := time.Now()
		r, _ := launch(t, store, release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "approve", Do: approval.Stage{Quorum: 2, People: []string{"ada", "grace", "linus"}}}}}, "shop-1")
		time.Sleep(time.Hour)
		require.NoError(t, r.Signal(t.Context(), "shop-1", stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace"}))
		time.Sleep(6 * time.Hour)
		require.Len(t, ch.got(), 2)
		assert.Equal(t, 5*time.Hour, ch.times()[1].Sub(began).Round(time.Minute))
		assert.Contains(t, ch.got()[0].Subject, "0 of 2 approvals (still asked: ada, grace, linus)")
		assert.Contains(t, ch.got()[1].Subject, "1 of 2 approvals (still asked: ada, linus)")
	})
}
