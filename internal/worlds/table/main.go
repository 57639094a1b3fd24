// This program plays policies over simulated traffic, and prints what becomes of the releases: the
// tables of metrics/judge/BENCHMARKS.md.
//
//	go run ./internal/worlds/table -seeds 2000 -harmful 500 -md > metrics/judge/BENCHMARKS.md
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"

	"github.com/davit-sdk/davit/internal/worlds"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var s sizes
	flag.IntVar(&s.seeds, "seeds", 200, "releases of the balanced judge in each harmless world")
	flag.IntVar(&s.peers, "peers", 0, "releases of other tools' rules in each harmless world; 0: as many as -seeds")
	flag.IntVar(&s.presets, "presets", 0, "releases of the judge's other presets in each harmless world; 0: as many as -seeds")
	flag.IntVar(&s.harmful, "harmful", 0, "releases of each policy in each other world; 0: as many as -seeds")
	flag.Uint64Var(&s.first, "first", 0, "the first seed")
	world := flag.String("world", "", "a regular expression for the names of the worlds")
	policy := flag.String("policy", "", "a regular expression for the names of the policies")
	keep := flag.String("keep", "", "a file in which results are kept, and from which a run goes on; remove it after a change of the code")
	commit := flag.String("commit", "a tree that nobody named", "the commit that the program was built from, for the tables")
	md := flag.Bool("md", false, "print all tables as Markdown")
	flag.Parse()
	s.peers, s.presets, s.harmful = cmp.Or(s.peers, s.seeds), cmp.Or(s.presets, s.seeds), cmp.Or(s.harmful, s.seeds)
	t, err := selected(*world, *policy)
	if err != nil {
		return err
	}
	k, err := openKept(*keep)
	if err != nil {
		return err
	}
	err = t.play(s, k, func(line string) {
		if *md {
			fmt.Fprintln(os.Stderr, line)
		} else {
			fmt.Println(line)
		}
	})
	if err != nil {
		return err
	}
	if *md {
		only := ""
		for _, f := range [][2]string{{"-world", *world}, {"-policy", *policy}} {
			if f[1] != "" {
				only += fmt.Sprintf(" %s '%s'", f[0], f[1])
			}
		}
		t.head = header{only: only, sizes: s, date: time.Now(), machine: machine(), commit: *commit, processors: runtime.NumCPU(), version: runtime.Version()}
		fmt.Print(t.markdown())
	}
	return nil
}

// selected are the worlds and policies of which the names match.
func selected(world, policy string) (*table, error) {
	worldName, err := regexp.Compile(world)
	if err != nil {
		return nil, fmt.Errorf("-world: %w", err)
	}
	policyName, err := regexp.Compile(policy)
	if err != nil {
		return nil, fmt.Errorf("-policy: %w", err)
	}
	t := &table{tallies: map[cell]*worlds.Tally{}}
	for i, all := range [][]worlds.World{worlds.Harmless(), worlds.Harmful(), worlds.Odd()} {
		for _, w := range all {
			if worldName.MatchString(w.Name) {
				t.worlds[i] = append(t.worlds[i], w)
			}
		}
	}
	for _, p := range worlds.Policies() {
		if policyName.MatchString(p.Name()) {
			t.policies = append(t.policies, p)
		}
	}
	return t, nil
}

// machine is what it runs on, as far as the system tells.
func machine() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	if m := regexp.MustCompile(`model name\s*:\s*(.*)`).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return runtime.GOARCH
}
