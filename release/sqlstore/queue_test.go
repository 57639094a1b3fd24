package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// desk is a database of a test: a transaction takes a second.
type desk struct {
	sizes []int // of its transactions
	fail  func(ctx context.Context, n int) error
}

func (d *desk) commit(ctx context.Context, all []*work) error {
	d.sizes = append(d.sizes, len(all))
	time.Sleep(time.Second)
	for _, w := range all {
		if err := w.do(ctx, nil); err != nil {
			return err
		}
	}
	if d.fail != nil {
		return d.fail(ctx, len(d.sizes))
	}
	return nil
}

func (d *desk) queue() *queue {
	return newQueue(d.commit, func(err error) bool { return !errors.Is(err, errAgain) })
}

func nothing(context.Context, *sql.Tx) error { return nil }

// crowd does work n times at once, and gives what came of each.
func crowd(q *queue, n int, ctx func(i int) context.Context, do func(i int) error) []error {
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			results[i] = q.do(ctx(i), func(context.Context, *sql.Tx) error { return do(i) })
		})
		synctest.Wait() // one after the other: the first one has the turn
	}
	wg.Wait()
	return results
}

func TestQueueShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		began := time.Now()
		results := crowd(d.queue(), 400, func(int) context.Context { return t.Context() }, func(int) error { return nil })
		assert.Empty(t, slices.DeleteFunc(results, func(err error) bool { return err == nil }))
		assert.Equal(t, []int{1, mostWork, 400 - mostWork - 1}, d.sizes)
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestQueueKeepsFailuresApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, bad := &desk{}, errors.New("too large")
		results := crowd(d.queue(), 4, func(int) context.Context { return t.Context() }, func(i int) error {
			if i == 2 {
				return bad
			}
			return nil
		})
		assert.Equal(t, []error{nil, nil, bad, nil}, results)
		assert.Equal(t, []int{1, 3, 1, 1, 1}, d.sizes)
	})
	synctest.Test(t, func(t *testing.T) {
		// What nobody knows is told to all, and not tried again here.
		d := &desk{fail: func(_ context.Context, n int) error {
			if n == 2 {
				return lostError{errAgain}
			}
			return nil
		}}
		results := crowd(d.queue(), 3, func(int) context.Context { return t.Context() }, func(int) error { return nil })
		assert.Equal(t, []error{nil, lostError{errAgain}, lostError{errAgain}}, results)
		assert.Equal(t, []int{1, 2}, d.sizes)
	})
}

func TestQueueAndContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		q := d.queue()
		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		gone, leave := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer leave()
		contexts := []context.Context{t.Context(), gone, short, t.Context()}
		results := crowd(q, 4, func(i int) context.Context { return contexts[i] }, func(i int) error { return nil })
		assert.NoError(t, results[0])
		assert.Equal(t, context.DeadlineExceeded, results[1], "nobody had begun with it")
		// Whoever leads sees the work through; a follower leaves, and does not know.
		if results[2] != nil {
			assert.Equal(t, lostError{context.DeadlineExceeded}, results[2])
		}
		assert.NoError(t, results[3])
		assert.Equal(t, []int{1, 2}, d.sizes)
		assert.Empty(t, q.waiting)
	})
	synctest.Test(t, func(t *testing.T) {
		// A leader whose time is over before it has a connection is not the others' fault.
		d := &desk{fail: func(ctx context.Context, _ int) error { return ctx.Err() }}
		q := d.queue()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		all := []*work{{nothing, make(chan error, 1)}, {nothing, make(chan error, 1)}}
		q.waiting = slices.Clone(all)
		q.lead(ctx)
		assert.Equal(t, all, q.waiting)
		assert.True(t, q.withdraw(all[0]))
		assert.False(t, q.withdraw(all[0]))
		q.lead(t.Context())
		assert.NoError(t, <-all[1].done)
		assert.Empty(t, q.waiting)
	})
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		d, tick time.Duration
		want    int64
	}{
		{1, time.Millisecond, 1}, {time.Millisecond, time.Millisecond, 1}, {time.Millisecond + 1, time.Millisecond, 2}, {15 * time.Second, time.Microsecond, 15_000_000},
		{math.MaxInt64, time.Millisecond, math.MaxInt64/1_000_000 + 1}, {math.MaxInt64, time.Microsecond, math.MaxInt64/1000 + 1},
	} {
		assert.Equal(t, c.want, ticks(c.d, c.tick), "%v", c.d)
	}
}

// A release that cannot be there has no events, as one that is not there: some databases fail when they are asked for it.
func TestIDsThatCannotBeKept(t *testing.T) {
	s := &Store{} // which has no database to ask
	for _, id := range []string{"", "a\x00", "\xff"} {
		for e, err := range s.Events(t.Context(), id, 0) {
			t.Errorf("%q: %v, %v", id, e, err)
		}
		assert.ErrorContains(t, s.Append(t.Context(), id, 0), "cannot be kept as an ID")
	}
}
