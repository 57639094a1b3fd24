package main

import "testing"

func TestQuote(t *testing.T) {
	for item, want := range map[int]int{0: 100, 1: 107, 10: 170} {
		if got, err := quote(item); err != nil || got != want {
			t.Errorf("item %d costs %d, %v; want %d", item, got, err, want)
		}
	}
}
