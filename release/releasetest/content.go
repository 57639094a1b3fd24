package releasetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// names writes releases whose IDs are told apart only by a store that keeps them as they are.
func names(s release.Store) error {
	long := strings.Repeat("n", 127) // an ID has at most 128
	ids := []string{"Shop-1", "shop-1", "SHOP-1", "shop_1", "shop.1", "shop-1.", "shop-1.json", "0", "00", "con", long, long + "a", long + "b"}
	for n, id := range ids {
		if err := write(s, id, events(1, uint64(n)%3+1)); err != nil {
			return err
		}
	}
	for n, id := range ids {
		if err := holds(s, id, 0, events(1, uint64(n)%3+1)); err != nil {
			return err
		}
	}
	listed := make(map[string]int)
	for id, err := range s.Releases(context.Background()) {
		if err != nil {
			return err
		}
		listed[id]++
	}
	for _, id := range ids {
		if listed[id] != 1 {
			return fmt.Errorf("%s is listed %d times", id, listed[id])
		}
	}
	return nil
}

// large writes an event with the largest checkpoint that a stage may make, and many events at once.
func large(s release.Store) error {
	data, err := json.Marshal(strings.Repeat("x", stage.MaxCheckpoint-2))
	if err != nil {
		return err
	}
	big := ledger.Event{Seq: 1, Time: epoch(), Stage: "build", Attempt: 1, Body: ledger.Saved{Checkpoint: data}}
	if err := write(s, "a", []ledger.Event{big}); err != nil {
		return err
	}
	if err := write(s, "a", events(2, 500)); err != nil {
		return err
	}
	seen := uint64(0)
	for e, err := range s.Events(context.Background(), "a", 0) {
		if err != nil {
			return err
		}
		if seen++; e.Seq != seen {
			return fmt.Errorf("event %d comes where %d should", e.Seq, seen)
		}
		if b, saved := e.Body.(ledger.Saved); seen == 1 && (!saved || !bytes.Equal(b.Checkpoint, data)) {
			return fmt.Errorf("an event of %d bytes does not come back as it was written", len(data))
		}
	}
	if seen != 500 {
		return fmt.Errorf("%d events come back of 500", seen)
	}
	return nil
}

// repeat reads twice with one sequence.
func repeat(s release.Store) error {
	if err := write(s, "a", events(1, 3)); err != nil {
		return err
	}
	all, ids := s.Events(context.Background(), "a", 0), s.Releases(context.Background())
	for pass := 1; pass <= 2; pass++ {
		n, m := 0, 0
		for _, err := range all {
			if err != nil {
				return err
			}
			n++
		}
		for _, err := range ids {
			if err != nil {
				return err
			}
			m++
		}
		if n != 3 || m != 1 {
			return fmt.Errorf("read for the %d. time, a sequence has %d events of 3, and %d releases of 1", pass, n, m)
		}
	}
	return nil
}

// breaks leaves a read early: after that, nothing more may come.
func breaks(s release.Store) error {
	for _, id := range []string{"a", "b"} {
		if err := write(s, id, events(1, 3)); err != nil {
			return err
		}
	}
	calls := 0
	s.Events(context.Background(), "a", 0)(func(ledger.Event, error) bool { calls++; return false })
	if calls != 1 {
		return fmt.Errorf("a read of events that was left after the first gives %d", calls)
	}
	calls = 0
	s.Releases(context.Background())(func(string, error) bool { calls++; return false })
	if calls != 1 {
		return fmt.Errorf("a read of releases that was left after the first gives %d", calls)
	}
	return write(s, "a", events(4, 4)) // the store is not held by the read that was left
}
