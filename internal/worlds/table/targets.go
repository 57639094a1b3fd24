package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/internal/worlds"
)

// balanced is the policy that has to meet the targets.
const balanced = "judge, balanced"

// powers are the harms that are to be found in at least so many of a hundred releases.
var powers = map[string]float64{
	"errors .1 to .2 %": 0.95, "latency +20 %": 0.95, "tail, 2 % are 8 times as slow": 0.95, "errors leak, 2 % an hour": 0.95, "latency leaks, 1 % a minute": 0.95,
}

// targets says of each target whether the balanced judge meets it, and by what it misses.
func (t *table) targets() string {
	var b strings.Builder
	b.WriteString("## The balanced judge and its targets\n\n| target | met | where it is not |\n| --- | --- | --- |\n")
	row := func(target string, missed []string) {
		met := "yes"
		if len(missed) > 0 {
			met = "no"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", target, met, strings.Join(missed, "; "))
	}
	row("at most one harmless release in a hundred is taken back, in every world", t.falseAlarms())
	row("harms are found in 95 of 100 releases: errors .1 to .2 %, latency +20 %, tail, leaks", t.weak())
	row("a fifth of the harm of the best peer that takes no more harmless releases back, where that finds half of the harm", t.costly())
	row("silence is never promoted", t.blind())
	row("a good release is promoted in five minutes at 100 requests/s, in the median", t.slow())
	b.WriteString("\n")
	return b.String()
}

func (t *table) falseAlarms() (missed []string) {
	for _, w := range t.worlds[harmless] {
		if tally := t.tallies[cell{w.Name, balanced}]; tally != nil && tally.Back() > 0.01 {
			missed = append(missed, fmt.Sprintf("%s: %s", w.Name, part(tally.Back())))
		}
	}
	return missed
}

func (t *table) weak() (missed []string) {
	for _, w := range t.worlds[harmful] {
		tally := t.tallies[cell{w.Name, balanced}]
		if least, ok := powers[w.Name]; ok && tally != nil && tally.Back() < least {
			missed = append(missed, fmt.Sprintf("%s: %s", w.Name, part(tally.Back())))
		}
	}
	return missed
}

// costly compares with the peers that hold the same rate of false alarms in the same traffic.
func (t *table) costly() (missed []string) {
	for _, w := range t.worlds[harmful] {
		ours := t.tallies[cell{w.Name, balanced}]
		twin, ok := worlds.Twin(w)
		if ours == nil || !ok {
			continue
		}
		mine, _ := ours.Harmed()
		best, name := 0.0, ""
		for _, p := range t.policies {
			theirs, calm := t.tallies[cell{w.Name, p.Name()}], t.tallies[cell{twin.Name, p.Name()}]
			if strings.HasPrefix(p.Name(), "judge") || theirs == nil || calm == nil || calm.Above(0.01, 3) || theirs.Back() < 0.5 {
				continue
			}
			if harmed, _ := theirs.Harmed(); name == "" || harmed < best {
				best, name = harmed, p.Name()
			}
		}
		if name != "" && mine > best/5 {
			missed = append(missed, fmt.Sprintf("%s: %s against %s of %s", w.Name, count(mine), count(best), name))
		}
	}
	return missed
}

func (t *table) blind() (missed []string) {
	for _, w := range t.worlds[odd] {
		if tally := t.tallies[cell{w.Name, balanced}]; w.Silent && tally != nil && tally.Promoted > 0 {
			missed = append(missed, fmt.Sprintf("%s: %d of %d", w.Name, tally.Promoted, tally.Runs()))
		}
	}
	return missed
}

func (t *table) slow() (missed []string) {
	const world = "100 requests/s"
	if tally := t.tallies[cell{world, balanced}]; tally != nil && (tally.TimePromoted(0.5) > 5*time.Minute || tally.Promoted == 0) {
		missed = append(missed, fmt.Sprintf("%.1f minutes", tally.TimePromoted(0.5).Minutes()))
	}
	return missed
}
