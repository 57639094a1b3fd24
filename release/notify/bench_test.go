//go:build unix

package notify_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
)

// processor is the processor time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// full is a store with so many releases of 200 events each.
func full(b *testing.B, releases int) *release.MemoryStore {
	store := new(release.MemoryStore)
	at := time.Now().UTC()
	for n := range releases {
		id := fmt.Sprintf("shop-%d", n)
		events := []ledger.Event{{Body: nil}}
		p := ledger.Pipeline{Name: "shop"}
		for i := range 99 {
			name := fmt.Sprintf("s%d", i)
			p.Stages = append(p.Stages, ledger.Stage{Name: name, Environment: "production"})
			events = append(events, ledger.Event{Stage: name, Attempt: 1, Body: ledger.Began{}},
				ledger.Event{Stage: name, Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}})
		}
		events[0].Body = ledger.Requested{Release: stage.Release{ID: id, Service: "shop", RequestedBy: "ada"}, Pipeline: p}
		events = append(events, ledger.Event{Body: ledger.Finished{Outcome: stage.Succeeded}})
		for i := range events {
			events[i].Seq, events[i].Time = uint64(i+1), at
		}
		if err := store.Append(b.Context(), id, 0, events...); err != nil {
			b.Fatal(err)
		}
	}
	return store
}

// load is a notifier with 20 rules and 5 channels. Of the rules, the last one matches these kinds, and the ones before nothing.
func load(b *testing.B, store release.Store, kinds []string, cursors notify.CursorStore) (n *notify.Notifier, sent *atomic.Int64) {
	sent = new(atomic.Int64)
	o := notify.Options{Store: store, Since: time.Unix(0, 0), Cursors: cursors, Channels: map[string]notify.Channel{}, Groups: []notify.Group{{Name: "all"}}}
	for i := range 5 {
		name := fmt.Sprintf("channel%d", i)
		o.Channels[name] = notify.Func(func(context.Context, notify.Message) error { sent.Add(1); return nil })
		o.Groups[0].Recipients = append(o.Groups[0].Recipients, notify.Recipient{Name: name, Channel: name})
	}
	for i := range 19 {
		o.Rules = append(o.Rules, notify.Rule{Name: fmt.Sprint(i), Kinds: []string{"stage.*", "release.*"}, Services: []string{fmt.Sprintf("other-%d-*", i)}, To: []string{"all"}})
	}
	o.Rules = append(o.Rules, notify.Rule{Name: "last", Kinds: kinds, To: []string{"all"}})
	n, err := notify.New(o)
	if err != nil {
		b.Fatal(err)
	}
	return n, sent
}

// 10,000 events go through 20 rules to 5 channels that take everything at once.
func BenchmarkNotify(b *testing.B) {
	const releases = 50
	store := full(b, releases)
	for _, c := range []struct {
		name     string
		kinds    []string
		messages int64
		files    bool
	}{
		{"EachEvent", nil, 5 * 200 * releases, false},
		{"EachEventFiles", nil, 5 * 200 * releases, true},
		{"EndsOnly", []string{"release.*"}, 5 * 2 * releases, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			var cpu time.Duration
			var peak uint64
			for b.Loop() {
				var cursors notify.CursorStore = new(notify.MemoryCursors)
				if c.files {
					f, err := notify.NewFileCursors(b.TempDir())
					if err != nil {
						b.Fatal(err)
					}
					b.Cleanup(func() { _ = f.Close() })
					cursors = f
				}
				n, sent := load(b, store, c.kinds, cursors)
				runtime.GC()
				var before, during runtime.MemStats
				runtime.ReadMemStats(&before)
				began := processor()
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan error, 1)
				go func() { done <- n.Run(ctx) }()
				for sent.Load() < c.messages {
					time.Sleep(time.Millisecond)
					runtime.ReadMemStats(&during)
					peak = max(peak, during.HeapInuse-min(during.HeapInuse, before.HeapInuse))
				}
				cancel()
				if err := <-done; err != nil {
					b.Fatal(err)
				}
				cpu += processor() - began
			}
			events := float64(200 * releases * b.N)
			b.ReportMetric(events/cpu.Seconds(), "events/cpu-s")
			b.ReportMetric(float64(c.messages)*float64(b.N)/cpu.Seconds(), "messages/cpu-s")
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

// A channel that takes nothing: what 100,000 events behind cost in memory.
func BenchmarkBehind(b *testing.B) {
	store := full(b, 500)
	for b.Loop() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		down, err := notify.New(notify.Options{
			Store: store, Since: time.Unix(0, 0), Channels: map[string]notify.Channel{"down": notify.Func(func(context.Context, notify.Message) error { return errDown })},
			Groups: team("down"), Rules: []notify.Rule{{Name: "all", To: []string{"team"}}},
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- down.Run(ctx) }()
		for s := down.Status()[0]; !s.Behind; s = down.Status()[0] {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * time.Second) // some more looks at the store
		runtime.GC()
		runtime.ReadMemStats(&after)
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(after.HeapInuse-min(after.HeapInuse, before.HeapInuse))/(1<<20), "MiB")
	}
}

// The next step of an escalation over three groups around the world.
func BenchmarkClimb(b *testing.B) {
	since := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for b.Loop() {
		notify.Climb(3*time.Hour, sun, since, nil, 10)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10, "ns/step")
}
