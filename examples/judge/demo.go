package main

import (
	"bytes"
	"embed"
	"fmt"
	"io"
)

//go:embed traces/*.jsonl
var traces embed.FS

// recordings are what the program replays by itself, and what is to be seen in them. They were made by the
// generator in traces_test.go.
var recordings = []struct{ name, about string }{
	{"harmless", "The candidate is as good as the baseline; 0.3 % of all requests fail."},
	{"harmful", "The candidate fails 2 % of its requests, the baseline 0.3 %."},
	{"incident", "For a minute and a half, 6 % of all requests fail, whichever version they reach."},
}

// demonstrate replays all recordings of its own.
func demonstrate(o options, out, told io.Writer) error {
	for i, r := range recordings {
		text, err := traces.ReadFile("traces/" + r.name + ".jsonl")
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "=== traces/%s.jsonl\n%s\n\n", r.name, r.about)
		if _, _, err := replay(o, bytes.NewReader(text), &textTeller{out: out, brief: true}, told); err != nil {
			return fmt.Errorf("traces/%s.jsonl: %w", r.name, err)
		}
	}
	_, err := fmt.Fprint(out, "\nReplay one of your own: go run ./examples/judge -trace FILE (-h says more)\n")
	return err
}
