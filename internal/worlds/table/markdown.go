package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/internal/worlds"
)

// header says how the tables came about.
type header struct {
	sizes
	processors       int
	date             time.Time
	machine, version string
	commit           string
	only             string // which worlds and policies were asked for, as flags
}

func (t *table) header() string {
	h := t.head
	sizes := fmt.Sprintf("%d of the balanced judge and %d of each peer's rules", h.seeds, h.peers)
	if t.has("judge, strict") {
		sizes = fmt.Sprintf("%d of the balanced judge, %d of each peer's rules,\nand %d of the judge's other presets", h.seeds, h.peers, h.presets)
	}
	return fmt.Sprintf(`# Benchmarks of package judge

    go run ./internal/worlds/table -seeds %d -peers %d -presets %d -harmful %d -first %d%s -md

Simulated releases. In each harmless world: %s;
in each other world: %d of each policy. Seeds from %d up; the same seeds give the same numbers
everywhere. %s, of %s;
%s on %d processors of an %s, shared with other work; the runs took %s.

A release lasts up to %s; 10 minutes of measurements precede it. Traffic is 100 requests/s, of which
0.1 %% fail, where a row says nothing else; latency has a median of 0.1 s and a p99 of %.2f s. Package
internal/worlds says what each world is, and how each policy is set: "default" and "docs" hold the
candidate against the tools' own examples (99 %% succeed, p99 below 0.5 s), "tuned" knows the service
(three times its usual errors, a p99 a quarter above the usual). The judge sees the two halves of the
baseline apart, and has been told of late data; but for "fixed ramp", the candidate gets the share that it allows.

`, h.seeds, h.peers, h.presets, h.harmful, h.first, h.only, sizes, h.harmful, h.first, h.date.Format(time.DateOnly), h.commit,
		h.version, h.processors, h.machine, t.took.Round(time.Second), worlds.Horizon, worlds.UsualP99())
}

// has reports whether a policy was played.
func (t *table) has(policy string) bool {
	return slices.ContainsFunc(t.policies, func(p worlds.Policy) bool { return p.Name() == policy })
}

// markdown is all tables.
func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString(t.header())
	b.WriteString("## Harmless releases that were taken back\n\nParts of all; **bold** is more than one in a hundred, beyond three standard deviations of chance.\n\n")
	t.table(&b, harmless, func(w worlds.World, tally *worlds.Tally) string {
		text := part(tally.Back())
		if tally.Above(0.01, 3) {
			text = "**" + text + "**"
		}
		return text
	})
	b.WriteString("## How soon harmless releases were promoted\n\nMinutes until half, and nine tenths, of those that were promoted; and the part of all that was still undecided at the end.\n\n")
	t.table(&b, harmless, func(w worlds.World, tally *worlds.Tally) string {
		if tally.Promoted == 0 {
			return "never, " + part(float64(tally.Undecided)/float64(tally.Runs()))
		}
		return fmt.Sprintf("%.1f, %.1f, %s", tally.TimePromoted(0.5).Minutes(), tally.TimePromoted(0.9).Minutes(), part(float64(tally.Undecided)/float64(tally.Runs())))
	})
	b.WriteString("## Requests that suffered from harmful releases\n\nThe mean over all releases, until the end: who promotes a bad candidate gives it all the traffic. Failures count\n" +
		"beyond the usual ones, of slow candidates all requests, of a tail its part. In brackets: the part of the releases that was taken back.\n\n")
	t.table(&b, harmful, func(w worlds.World, tally *worlds.Tally) string {
		mean, _ := tally.Harmed()
		return fmt.Sprintf("%s (%s)", count(mean), part(tally.Back()))
	})
	b.WriteString("## How soon harmful releases were taken back\n\nMinutes until half, and nine tenths, of those that were.\n\n")
	t.table(&b, harmful, func(w worlds.World, tally *worlds.Tally) string {
		if tally.RolledBack == 0 {
			return "never"
		}
		return fmt.Sprintf("%.1f, %.1f", tally.TimeBack(0.5).Minutes(), tally.TimeBack(0.9).Minutes())
	})
	b.WriteString("## Odd releases\n\nTaken back / promoted / undecided. Silence must never be promoted.\n\n")
	t.table(&b, odd, func(w worlds.World, tally *worlds.Tally) string {
		n := float64(tally.Runs())
		return fmt.Sprintf("%s / %s / %s", part(tally.Back()), part(float64(tally.Promoted)/n), part(float64(tally.Undecided)/n))
	})
	b.WriteString(t.targets())
	return b.String()
}

// table is one table: worlds down, policies across.
func (t *table) table(b *strings.Builder, k kind, text func(worlds.World, *worlds.Tally) string) {
	b.WriteString("| world |")
	for _, p := range t.policies {
		b.WriteString(" " + p.Name() + " |")
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(t.policies)) + "\n")
	for _, w := range t.worlds[k] {
		b.WriteString("| " + w.Name + " |")
		for _, p := range t.policies {
			b.WriteString(" " + text(w, t.tallies[cell{w.Name, p.Name()}]) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// part is a part of all releases: .012, 0, 1.
func part(p float64) string {
	switch {
	case p == 0 || p == 1:
		return fmt.Sprintf("%.0f", p)
	case p < 0.0005:
		return fmt.Sprintf("%.1g", p)
	}
	return strings.TrimPrefix(fmt.Sprintf("%.3f", p), "0")
}

// count is a number of requests: 7.3, 451, 12.3k.
func count(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n < 10:
		return fmt.Sprintf("%.1f", n)
	case n < 10_000:
		return fmt.Sprintf("%.0f", n)
	case n < 100_000:
		return fmt.Sprintf("%.1fk", n/1000)
	}
	return fmt.Sprintf("%.0fk", n/1000)
}
