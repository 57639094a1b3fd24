package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
)

const (
	// sweepSoon and sweepLate are how often all releases of a store are listed that can tell which are open, and that can tell which were written
	// to. What has changed is seen at each Poll; a sweep finds what began and ended in between.
	sweepSoon = 15 * time.Second
	sweepLate = 5 * time.Minute
	// lookBack is for how far back a store is asked what has changed.
	lookBack = time.Minute
	// maxPause is how long a store is left alone that fails.
	maxPause = 30 * time.Second
)

// reader reads the store for all channels. It belongs to one goroutine.
type reader struct {
	*Notifier
	order   []string       // all releases, as of the last sweep
	places  map[string]int // of those
	swept   time.Time      // zero: a sweep is due
	passed  time.Time      // when the store was last asked
	courses map[string]*course
	lagging map[string]bool    // releases of which a channel that was full waits for something
	ill     map[string]illness // releases that cannot be read
	opener  release.Opener
	changer release.Changer
}

// follow reads what comes until ctx ends. A store that fails is asked again, less and less often.
func (n *Notifier) follow(ctx context.Context) {
	r := &reader{Notifier: n, courses: map[string]*course{}, lagging: map[string]bool{}, ill: map[string]illness{}}
	r.opener, _ = n.store.(release.Opener)
	r.changer, _ = n.store.(release.Changer)
	failures := 0
	timer := time.NewTimer(forever)
	defer timer.Stop()
	for ctx.Err() == nil {
		err := r.pass(ctx)
		pause := n.o.Poll
		switch {
		case err == nil && failures > 0:
			n.logger.Info("the store can be read again", "failures", failures)
			failures = 0
		case err != nil && ctx.Err() == nil:
			failures++
			r.swept = time.Time{} // nobody knows what was missed
			pause = ledger.Retry{Backoff: n.o.Poll, MaxBackoff: max(maxPause, n.o.Poll)}.Wait(failures, "store")
			n.logger.Error("the store cannot be read", "failures", failures, "again_in", pause, "error", err)
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-n.hurry: // a channel was opened, or has room again
			if n.opened.Swap(false) {
				r.swept = time.Time{}
			}
		}
	}
}

// pass reads what is new. The error is that of a store of which nothing can be read.
func (r *reader) pass(ctx context.Context) error {
	ids, err := r.candidates(ctx)
	if err != nil {
		return err
	}
	well := 0
	var failed []string
	var errs []error
	now := time.Now()
	for _, id := range ids {
		if again := r.ill[id].again; again.After(now) && again.Sub(now) <= maxPause {
			continue
		}
		err := r.read(ctx, id)
		switch {
		case ctx.Err() != nil:
			return err
		case err == nil:
			well++
			delete(r.ill, id)
			continue
		}
		failed, errs = append(failed, id), append(errs, fmt.Errorf("release %s: %w", id, err))
		r.lagging[id] = true
		if well == 0 && len(errs) == maxErrors && !errors.Is(err, ledger.ErrBroken) {
			return errors.Join(errs...)
		}
	}
	for i, id := range failed {
		r.suffer(ctx, id, errs[i], now)
	}
	return nil
}

// maxErrors is how many releases are tried of a store of which none can be read.
const maxErrors = 10

// illness is how often a release could not be read, and when it is tried again.
type illness struct {
	times int
	again time.Time
}

// suffer notes that a release cannot be read or understood. It is tried again, but not at each look, and told of once, when it was no passing thing.
func (r *reader) suffer(ctx context.Context, id string, err error, now time.Time) {
	times := r.ill[id].times + 1
	r.ill[id] = illness{times, now.Add(maxPause)}
	r.logger.Warn("a release cannot be read", "release", id, "times", times, "again_in", maxPause, "error", err)
	if times != 2 {
		return
	}
	r.logger.Error("a release cannot be told of", "release", id, "error", err)
	r.alarm(ctx, nil, idOf("ill", id, now.UTC().Format(time.DateOnly)), "Release "+id+" cannot be told of",
		fmt.Sprintf("Nothing more is told of it until it can be read. It is tried again and again.\n\n%s\n", err))
}

// candidates are the releases that may have something new, in the order of the store.
func (r *reader) candidates(ctx context.Context) ([]string, error) {
	now := time.Now()
	every := r.o.Poll
	switch {
	case r.changer != nil:
		every = sweepLate
	case r.opener != nil:
		every = sweepSoon
	}
	// One that has slept, or whose clock was put, cannot know what it has missed.
	asleep := now.Sub(r.passed).Abs() > lookBack/2
	r.passed = now
	if asleep || r.swept.IsZero() || now.Sub(r.swept).Abs() >= every || r.opener == nil && r.changer == nil {
		if err := r.sweep(ctx, now); err != nil {
			return nil, err
		}
		return r.order, nil
	}
	some := maps.Clone(r.lagging)
	var list func(context.Context) iter.Seq2[string, error]
	if r.changer == nil {
		list = r.opener.Open
		for id := range r.courses {
			some[id] = true
		}
	} else {
		list = func(ctx context.Context) iter.Seq2[string, error] { return r.changer.Changed(ctx, lookBack) }
	}
	for id, err := range list(ctx) {
		if err != nil {
			return nil, fmt.Errorf("what has changed: %w", err)
		}
		some[id] = true
	}
	return slices.SortedFunc(maps.Keys(some), func(a, b string) int { return cmp.Or(cmp.Compare(r.place(a), r.place(b)), cmp.Compare(a, b)) }), nil
}

// sweep lists all releases, and forgets what is over.
func (r *reader) sweep(ctx context.Context, now time.Time) error {
	order, err := listed(ctx, r.store)
	if err != nil {
		return err
	}
	places := make(map[string]int, len(order))
	for i, id := range order {
		places[id] = i
	}
	r.order, r.places, r.swept = order, places, now
	for _, b := range r.boxes {
		if b.compact(order, places, now) {
			r.logger.Warn("the store does not know releases any more of which it was to be told, or had been up to there", "channel", b.name)
		}
	}
	return nil
}

func listed(ctx context.Context, store release.Store) ([]string, error) {
	var order []string
	for id, err := range store.Releases(ctx) {
		if err != nil {
			return nil, fmt.Errorf("the releases: %w", err)
		}
		order = append(order, id)
	}
	return order, nil
}

// place is that of a release in the last sweep; -1 for one that is new since.
func (r *reader) place(id string) int {
	if place, ok := r.places[id]; ok {
		return place
	}
	return -1
}

// read reads what is new of a release, and gives it to the channels that want it. Those that are further behind than what is known of the release
// have it read anew.
func (r *reader) read(ctx context.Context, id string) error {
	delete(r.lagging, id)
	place, from := r.place(id), uint64(0)
	var willing []*box
	for _, b := range r.boxes {
		seq, ok, starved := b.next(id, place)
		if starved {
			r.lagging[id] = true
		}
		if ok {
			willing = append(willing, b)
			if from == 0 || seq < from {
				from = seq
			}
		}
	}
	if len(willing) == 0 {
		return nil
	}
	c := r.courses[id]
	if c == nil || c.state.Seq+1 > from {
		c = newCourse(r.o.Deploys, r.o.Severity)
	}
	delete(r.courses, id) // until it is read to its end
	for e, err := range r.store.Events(ctx, id, c.state.Seq+1) {
		if err != nil {
			return err
		}
		o, told, err := c.apply(e)
		if err != nil {
			return err
		}
		var rules []*rule
		var said spoken
		if told {
			rules, said = r.matching(&o), spoken{}
		}
		for _, b := range willing {
			b.take(id, e.Seq, e.Time, c.state.Over(), func(takes func(string, *Occurrence) bool) []*letter {
				return r.letters(b, rules, o, said, takes)
			})
		}
	}
	for _, b := range willing {
		if seq, ok, starved := b.next(id, place); starved || ok && seq <= c.state.Seq {
			r.lagging[id] = true
		}
	}
	if !c.state.Over() {
		r.courses[id] = c
	}
	r.publish(id, c)
	return nil
}
