package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/stretchr/testify/require"
)

// step is one append of a story.
type step struct {
	id          string
	first, last uint64
	over        bool // the last event is the end
}

func (s step) events() []ledger.Event {
	list := events(s.first, s.last)
	if s.over {
		list[len(list)-1] = finish(s.last)
	}
	return list
}

// story is what is written to a few releases, with files so small that some are ended, archived
// and dropped.
func story() []step {
	return []step{
		{"a", 1, 1, false},
		{"b", 1, 2, false},
		{"a", 2, 3, true},
		{"c", 1, 1, true},
		{"b", 3, 3, false},
		{"d", 1, 2, true},
		{"e", 1, 1, false},
		{"e", 2, 2, true},
		{"b", 4, 4, true},
		{"f", 1, 1, false},
	}
}

var small = journal.Options{SegmentSize: 500, OpenFiles: 2}

// telling is how far a story was told.
type telling struct {
	acknowledged map[string]uint64 // the last event
	attempted    map[string]uint64
	order        []string
}

// tell appends a story, and goes on with other releases where one fails. The archive is made between two
// appends, so that the same happens each time, in the same order.
func tell(j *journal.Journal, steps []step) telling { return tellWith(j, steps, j.Tidied) }

// tellWith does something after each append.
func tellWith(j *journal.Journal, steps []step, after func()) telling {
	out := telling{map[string]uint64{}, map[string]uint64{}, nil}
	stopped := map[string]bool{}
	for _, s := range steps {
		if stopped[s.id] {
			continue
		}
		if out.attempted[s.id] == 0 {
			out.order = append(out.order, s.id)
		}
		out.attempted[s.id] = s.last
		err := j.Append(ctx, s.id, s.first-1, s.events()...)
		after()
		if err != nil {
			stopped[s.id] = true
			continue
		}
		out.acknowledged[s.id] = s.last
	}
	return out
}

// checkAll checks what is left by a crash of the process, and by one of the power, whose kinds take
// turns.
func (told telling) checkAll(t *testing.T, d *simulated, at int, steps []step) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(at), 7))
	kind := []after{mixed, forgotten, mixed, zeroed}[at%4]
	for name, left := range map[string]*simulated{"killed": d.killed(), "unpowered": d.unpowered(kind, rng)} {
		if at%8 < 2 {
			if err := journal.VerifyOn(ctx, left); !errors.Is(err, fs.ErrNotExist) || len(told.acknowledged) > 0 {
				require.NoError(t, err, "crash at %d, %s, before it is opened", at, name)
			}
		}
		require.NoError(t, told.check(left, steps), "crash at %d, %s", at, name)
	}
}

// check opens the journal on what a crash left, and compares.
func (told telling) check(d *simulated, steps []step) error {
	j, err := journal.OpenOn(d, small)
	if err != nil {
		return err
	}
	defer j.Close()
	have, err := told.compare(j, steps)
	if err != nil {
		return err
	}
	// It goes on from there, also when it crashes once more.
	for _, s := range steps {
		if s.first == have[s.id]+1 {
			if err := j.Append(ctx, s.id, s.first-1, s.events()...); err != nil {
				return fmt.Errorf("afterwards: %w", err)
			}
			have[s.id] = s.last
		}
	}
	again, err := journal.OpenOn(d.unpowered(forgotten, rand.New(rand.NewPCG(1, 1))), small)
	if err != nil {
		return fmt.Errorf("after a second crash: %w", err)
	}
	defer again.Close()
	if _, err := (telling{have, have, nil}).compare(again, steps); err != nil {
		return fmt.Errorf("after a second crash: %w", err)
	}
	return again.Verify(ctx)
}

// compare checks that all that was acknowledged is there, and beyond it only what was attempted.
func (told telling) compare(j *journal.Journal, steps []step) (map[string]uint64, error) {
	have := map[string]uint64{}
	for id, attempted := range told.attempted {
		var want []ledger.Event
		ends := []uint64{0}
		for _, s := range steps {
			if s.id == id {
				want = append(want, s.events()...)
				ends = append(ends, s.last)
			}
		}
		for e, err := range j.Events(ctx, id, 0) {
			if err != nil {
				return nil, err
			}
			if !reflect.DeepEqual(e, want[have[id]]) {
				return nil, fmt.Errorf("%s: event %v, not %v", id, e, want[have[id]])
			}
			have[id]++
		}
		switch {
		case have[id] < told.acknowledged[id]:
			return nil, fmt.Errorf("%s: %d events are there, %d were acknowledged", id, have[id], told.acknowledged[id])
		case have[id] > attempted:
			return nil, fmt.Errorf("%s: %d events are there, only %d were written", id, have[id], attempted)
		case !slices.Contains(ends, have[id]):
			return nil, fmt.Errorf("%s: half an append is there: %d events", id, have[id])
		}
	}
	var listed, begun []string
	for id, err := range j.Releases(ctx) {
		if err != nil {
			return nil, err
		}
		listed = append(listed, id)
	}
	for _, id := range told.order {
		if have[id] > 0 {
			begun = append(begun, id)
		}
	}
	if told.order != nil && !slices.Equal(listed, begun) {
		return nil, fmt.Errorf("listed are %q, begun were %q", listed, begun)
	}
	return have, nil
}

// crashAt lets a disk do so much, a byte of a write or another operation each, and then nothing
// more. It tells how much was done.
func crashAt(d *simulated, budget int) *int {
	done := new(int)
	var mu sync.Mutex
	d.fault = func(op, _ string, bytes int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if op == "read" || op == "open" || op == "list" {
			return bytes, nil
		}
		cost := 1
		if op == "write" {
			cost = bytes
		}
		left := budget - *done
		if left >= cost {
			*done += cost
			return bytes, nil
		}
		*done = budget
		return max(left, 0), errCrash
	}
	return done
}

// A crash at each byte of each write, and between any two other operations: of the process, and of the
// power, with what was not synced there, gone, zero or garbage.
func TestCrashAtEachByte(t *testing.T) {
	t.Parallel()
	for name, open := range openings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testCrashAtEachByte(t, open)
		})
	}
}

// openings are the ways in which journals are opened in matrices: as they are, with too little in them to
// have room ahead, and with room.
var openings = map[string]func(journal.Disk, journal.Options) (*journal.Journal, error){
	"without room": journal.OpenOn, "with room": journal.OpenRoomy,
}

func testCrashAtEachByte(t *testing.T, open func(journal.Disk, journal.Options) (*journal.Journal, error)) {
	whole := newSimulated()
	total := crashAt(whole, 1<<30)
	j, err := open(whole, small)
	require.NoError(t, err)
	tell(j, story())
	require.NoError(t, j.Close())
	names, err := whole.List()
	require.NoError(t, err)
	require.Contains(t, names, "0000000001.pack")
	require.NotContains(t, names, "0000000001.segment")
	t.Logf("%d crashes", *total)
	for budget := 0; budget < *total; budget += stride {
		d := newSimulated()
		crashAt(d, budget)
		var told telling
		if j, err := open(d, small); err == nil {
			told = tell(j, story())
			_ = j.Close()
		}
		told.checkAll(t, d, budget, story())
	}
}

// The same for a commit of several releases at once.
func TestCrashWithinACommitOfMany(t *testing.T) {
	t.Parallel()
	steps := []step{{"lead", 1, 1, false}}
	for n := range 5 {
		steps = append(steps, step{fmt.Sprint("r", n), 1, uint64(n%2 + 1), false})
	}
	together := func(d *simulated, budget int) (told telling, done *int) {
		j, err := journal.OpenOn(d, journal.Options{})
		require.NoError(t, err)
		held := holdSync(d)
		told = telling{map[string]uint64{}, map[string]uint64{}, nil}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, s := range steps {
			told.attempted[s.id] = s.last
			wg.Go(func() {
				if j.Append(ctx, s.id, 0, s.events()...) == nil {
					mu.Lock()
					told.acknowledged[s.id] = s.last
					mu.Unlock()
				}
			})
			if i == 0 {
				<-held.reached
			}
		}
		for j.Queued() < len(steps)-1 {
			runtime.Gosched()
		}
		done = crashAt(d, budget)
		close(held.free)
		wg.Wait()
		_ = j.Close()
		return told, done
	}
	told, total := together(newSimulated(), 1<<30)
	require.Len(t, told.acknowledged, len(steps))
	for budget := 0; budget < *total; budget += stride {
		d := newSimulated()
		told, _ := together(d, budget)
		told.checkAll(t, d, budget, steps)
	}
}

// held is a sync that waits.
type held struct{ reached, free chan struct{} }

// holdSync lets the first sync of a segment wait. What fails it is asked after that.
func holdSync(d *simulated) held {
	h := held{make(chan struct{}), make(chan struct{})}
	var once sync.Once
	d.fault = func(op, name string, bytes int) (int, error) {
		if op == "sync" && name == "0000000001.segment" {
			first := false
			once.Do(func() { first = true })
			if first {
				close(h.reached)
				<-h.free
				return d.fault(op, name, bytes)
			}
		}
		return bytes, nil
	}
	return h
}

var errDisk = errors.New("the disk does not feel well")
