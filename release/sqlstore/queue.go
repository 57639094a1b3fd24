package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// mostWork is how much work shares a transaction.
const mostWork = 256

// work is a part of a transaction. It may be done several times, until a transaction with it is
// committed.
type work struct {
	do   func(ctx context.Context, tx *sql.Tx) error
	done chan error
}

// queue lets those who write at the same time share transactions. It has no goroutine of its own:
// whoever has the turn works for all who wait.
type queue struct {
	commit func(ctx context.Context, work []*work) error
	final  func(error) bool
	turn   chan struct{}

	mu      sync.Mutex
	waiting []*work
}

func newQueue(commit func(context.Context, []*work) error, final func(error) bool) *queue {
	return &queue{commit: commit, final: final, turn: make(chan struct{}, 1)}
}

// do does work in a transaction. When ctx is over, it returns at once: with the error of ctx if the
// work was not begun, and with a lostError if somebody is at it.
func (q *queue) do(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	w := &work{do, make(chan error, 1)}
	q.mu.Lock()
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	for {
		select {
		case err := <-w.done:
			return err
		case q.turn <- struct{}{}:
			q.lead(ctx)
			<-q.turn
		case <-ctx.Done():
			if q.withdraw(w) {
				return ctx.Err()
			}
			select {
			case err := <-w.done:
				return err
			default:
				return lostError{ctx.Err()}
			}
		}
	}
}

// lead does the work of all who wait.
func (q *queue) lead(ctx context.Context) {
	q.mu.Lock()
	n := min(len(q.waiting), mostWork)
	all := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	q.mu.Unlock()
	if n == 0 {
		return
	}
	err := q.commit(ctx, all)
	var l lostError
	switch {
	case err == nil, errors.As(err, &l), ctx.Err() == nil && (n == 1 || !q.final(err)):
		for _, w := range all {
			w.done <- err
		}
	case ctx.Err() != nil:
		// That the one who works has no time left is not the others' fault.
		q.mu.Lock()
		q.waiting = append(all, q.waiting...)
		q.mu.Unlock()
	default:
		// One of them is to blame; the others are not to suffer from it.
		ctx = context.WithoutCancel(ctx)
		for _, w := range all {
			w.done <- q.commit(ctx, []*work{w})
		}
	}
}

// withdraw takes work out of the queue, unless it has been begun.
func (q *queue) withdraw(w *work) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, other := range q.waiting {
		if other == w {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}
