//go:build unix

package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

// processor is the processor time that this process has used: on a busy machine, the clock on the wall says nothing.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measure(b *testing.B, run func()) {
	runtime.GC()
	before, n := processor(), 0
	for b.Loop() {
		run()
		n++
	}
	b.ReportMetric(float64(processor()-before)/float64(n)/1e6, "cpu-ms/op")
	b.ReportMetric(0, "ns/op")
}

// rules are calendars of n windows in all, of every kind, in five zones.
func rules(n int, freeze func(i int) bool) []calendar.Calendar {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]calendar.Calendar, 10)
	for i := range all {
		all[i] = calendar.Calendar{Name: fmt.Sprint("c", i), Zone: places[i%5]}
	}
	kinds := []string{
		"FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;INTERVAL=2", "FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20240101", "FREQ=MONTHLY;BYMONTHDAY=-1",
		"FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY", "FREQ=DAILY;COUNT=500", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
	}
	for i := range n {
		rule, err := calendar.ParseRule(kinds[i%len(kinds)])
		if err != nil {
			panic(err)
		}
		w := calendar.Window{
			Name: fmt.Sprint("w", i), Rule: rule, Length: time.Duration(10+r.IntN(110)) * time.Minute,
			Start: calendar.Clock(2023, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60)),
		}
		c := &all[i/10%10]
		if freeze(i) {
			c.Freeze = append(c.Freeze, w)
			continue
		}
		w.Length *= 5
		c.Allow = append(c.Allow, w)
	}
	return all
}

func scheduleOf(b *testing.B, all []calendar.Calendar) *calendar.Schedule {
	b.Helper()
	s, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, all...)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

var benchNow = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

// The next opening of 10,000 rules: as they come, and where that is hard.
func BenchmarkNextOpening(b *testing.B) {
	covered := func(rule, start string, n int) []calendar.Calendar {
		r, _ := calendar.ParseRule(rule)
		c := calendar.Calendar{Name: "c", Zone: "Europe/London"}
		for i := range n {
			c.Freeze = append(c.Freeze, calendar.Window{Name: fmt.Sprint(i), Start: local(start), Length: 24*time.Hour - time.Duration(i)*time.Second, Rule: r})
		}
		return []calendar.Calendar{c}
	}
	never := calendar.Calendar{Name: "c", Zone: "Europe/London"} // each allow window is under a freeze of its own
	for i := range 5000 {
		w := calendar.Window{Name: fmt.Sprint("allow ", i), Start: calendar.Clock(2023, 1, 1, 0, 0), Length: 5 * time.Minute, Rule: calendar.Rule{Freq: calendar.Daily}}
		w.Start.Hour, w.Start.Minute, w.Start.Second = i*17/3600%24, i*17/60%60, i*17%60
		never.Allow = append(never.Allow, w)
		w.Name = fmt.Sprint("freeze ", i)
		never.Freeze = append(never.Freeze, w)
	}
	chain := calendar.Calendar{Name: "c", Zone: "Europe/London"}
	for i := range 10_000 {
		from := benchNow.Add(time.Duration(10_000-i) * 10 * time.Minute)
		chain.Freeze = append(chain.Freeze, calendar.Window{Name: fmt.Sprint(i), Zone: "UTC", Length: 11 * time.Minute,
			Start: calendar.Clock(from.Year(), from.Month(), from.Day(), from.Hour(), from.Minute()), Rule: calendar.Rule{Freq: calendar.Yearly}})
	}
	chain.Freeze[0].Start, chain.Freeze[0].Length = local("2026-11-23T15:00"), 20*time.Minute
	for _, c := range []struct {
		name string
		all  []calendar.Calendar
	}{
		{"mixed", rules(10_000, func(i int) bool { return i%100 < 20 })},
		{"freezes", rules(10_000, func(i int) bool { return true })},
		{"over", covered("FREQ=DAILY;UNTIL=20250101", "2023-01-01T00:00", 10_000)},
		{"always", covered("FREQ=DAILY", "2023-01-01T00:00", 10_000)},
		{"chain", []calendar.Calendar{chain}},
		{"never", []calendar.Calendar{never}},
	} {
		s := scheduleOf(b, c.all)
		b.Run(c.name, func(b *testing.B) { measure(b, func() { s.At(benchNow) }) })
		b.Run(c.name+"/fits", func(b *testing.B) { measure(b, func() { s.Fits(benchNow, time.Hour) }) })
	}
}

// A year of windows of 1,000 rules.
func BenchmarkYear(b *testing.B) {
	for _, c := range []struct {
		name   string
		freeze func(i int) bool
	}{{"mixed", func(i int) bool { return i%100 < 20 }}, {"freezes", func(int) bool { return true }}, {"allowed", func(int) bool { return false }}} {
		s := scheduleOf(b, rules(1000, c.freeze))
		b.Run(c.name, func(b *testing.B) {
			n := 0
			measure(b, func() {
				n = 0
				for range s.Spans(benchNow, benchNow.AddDate(1, 0, 0)) {
					n++
				}
			})
			b.ReportMetric(float64(n), "spans")
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	all := rules(10_000, func(i int) bool { return i%100 < 20 })
	measure(b, func() { scheduleOf(b, all) })
}
