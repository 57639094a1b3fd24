package window

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

// Patience is how long a look waits for a schedule, and for what is expected. What comes later is an error.
const Patience = 30 * time.Second

// Watch looks at the schedule of a guard, again and again. Its methods are called by one goroutine at a time.
type Watch struct {
	guard Guard
	late  <-chan answer[*calendar.Schedule] // of a call that has not returned in time
}

// Watch begins to look at the schedule.
func (g Guard) Watch() *Watch { return &Watch{guard: g} }

// Word is what a look at a schedule comes to.
type Word struct {
	// Open is whether the schedule is open, Known whether that is known.
	Open, Known bool
	// Why says why, to people.
	Why string
	// Again is when to look again.
	Again time.Time
	// Look is what was seen.
	Look Look
}

// Look reads the schedule, for as long as Patience at most. A schedule that panics cannot be read. A call that does not
// return, though its context has ended, is not made a second time before it does.
func (w *Watch) Look(ctx context.Context) Word {
	interval := orDefault(w.guard.Interval, DefaultGuardInterval)
	select {
	case <-w.late: // too late for the look that it was for
		w.late = nil
	default:
	}
	if w.late == nil {
		w.late = call(ctx, w.guard.Schedule)
	}
	schedule, returned, err := await(ctx, w.late)
	if returned {
		w.late = nil
	}
	now := time.Now()
	if err == nil && schedule == nil {
		err = errNone
	}
	if err != nil {
		why := clip("the schedule cannot be read: " + err.Error())
		return Word{Why: why, Again: now.Add(min(DefaultRetry, interval)), Look: unknown(now, why)}
	}
	status := schedule.At(now)
	next := status.NextOpening
	if status.Open {
		next = status.NextClosing
	}
	return Word{Open: status.Open, Known: true, Why: clip(status.String()), Again: earlier(now.Add(interval), next), Look: brief(Look{Runway: calendar.Runway{Status: status}})}
}

var errNone = errors.New("there is none")

// answer is what a function of the host returned.
type answer[T any] struct {
	value T
	err   error
}

// call calls a function of the host, whose context ends after Patience. The goroutine lives until the function returns,
// which is soon where that heeds its context, as it must.
func call[T any](ctx context.Context, f func(context.Context) (T, error)) <-chan answer[T] {
	answers := make(chan answer[T], 1)
	go func() {
		ctx, cancel := context.WithTimeoutCause(ctx, Patience, errLate)
		defer cancel()
		a := answer[T]{err: errGone}
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("it panicked: %v", p)
			}
			answers <- a
		}()
		a.value, a.err = f(ctx)
		if ctx.Err() != nil {
			a.err = context.Cause(ctx)
		}
	}()
	return answers
}

var errGone = errors.New("it has ended its goroutine")

var errLate = fmt.Errorf("no answer within %s", Patience)

// await waits for an answer, for as long as Patience at most, and reports whether the function has returned.
func await[T any](ctx context.Context, answers <-chan answer[T]) (value T, returned bool, err error) {
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a.value, true, a.err
	case <-timer.C:
		return value, false, errLate
	case <-ctx.Done():
		return value, false, context.Cause(ctx)
	}
}

// ask calls a function of the host and waits for its answer.
func ask[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	value, _, err := await(ctx, call(ctx, f))
	return value, err
}
