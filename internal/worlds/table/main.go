// This program plays policies over simulated traffic, and prints what becomes of the releases: the
// tables of metrics/judge/BENCHMARKS.md.
//
//	go run ./internal/worlds/table -seeds 2000 -md > metrics/judge/BENCHMARKS.md
package main

import (
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
	seeds := flag.Int("seeds", 200, "releases for each harmless world and policy")
	harmful := flag.Int("harmful", 0, "releases for each other world and policy; 0: as many as -seeds")
	first := flag.Uint64("first", 0, "the first seed")
	world := flag.String("world", "", "a regular expression for the names of the worlds")
	policy := flag.String("policy", "", "a regular expression for the names of the policies")
	md := flag.Bool("md", false, "print all tables as Markdown")
	flag.Parse()
	of, err := selected(*world, *policy)
	if err != nil {
		return err
	}
	if *harmful == 0 {
		*harmful = *seeds
	}
	began := time.Now()
	results, err := of.play(*first, *seeds, *harmful, func(line string) {
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
		results.head = header{
			seeds: *seeds, harmful: *harmful, first: *first, date: began, took: time.Since(began), machine: machine(), processors: runtime.NumCPU(), version: runtime.Version(),
		}
		fmt.Print(results.markdown())
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
