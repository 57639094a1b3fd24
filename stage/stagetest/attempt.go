package stagetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// cuts are the moments after a begin at which something is cancelled.
var cuts = []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond}

// attempt is one run of a stage that is over, or was given up.
type attempt struct {
	err    error
	panics string // with its stack
	stuck  bool   // it did not return in time
	cut    bool   // it was cancelled before it had returned
	label  string // that its goroutines carry
}

// run runs the stage to its end, again whenever it waits and its time or a signal has come, and gives up
// on it when it has not returned in time. cancelAt is when its context is cancelled; negative: when it
// has used up its patience.
func run(h *Host, s stage.Stage, c Case, cancelAt time.Duration) attempt {
	return try(c, cancelAt, func(ctx context.Context) error { return h.drive(ctx, s) })
}

// undo undoes the stage in the same way.
func undo(h *Host, s stage.Stage, c Case, cancelAt time.Duration) attempt {
	u, ok := stage.As[stage.Undoer](s)
	if !ok {
		return attempt{}
	}
	return try(c, cancelAt, func(ctx context.Context) error {
		task := h.UndoTask()
		defer task.End()
		return u.Undo(ctx, task)
	})
}

func try(c Case, cancelAt time.Duration, do func(ctx context.Context) error) attempt {
	a := attempt{label: rand.Text()}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	cause := &stage.Error{Outcome: stage.Interrupted, Reason: "the host is stopping"}
	if cancelAt == 0 {
		a.cut = true
		cancel(cause)
	}
	result := make(chan attempt, 1)
	go pprof.Do(ctx, pprof.Labels("stagetest", a.label), func(ctx context.Context) {
		done := attempt{label: a.label}
		returned := false
		defer func() {
			if value := recover(); value != nil || !returned {
				done.panics = fmt.Sprintf("%v\n%s", value, debug.Stack())
			}
			result <- done
		}()
		done.err = do(ctx)
		returned = true
	})
	first := c.patience()
	if cancelAt >= 0 {
		first = cancelAt
	}
	select {
	case done := <-result:
		done.cut = a.cut
		return done
	case <-time.After(first):
	}
	a.cut = true
	cancel(cause)
	select {
	case done := <-result:
		// It returned, but only because it was cancelled: for a stage that should have ended by
		// itself, that is too late.
		done.stuck, done.cut = cancelAt < 0, true
		return done
	case <-time.After(c.patience()):
	}
	a.stuck = true
	return a
}

// left are the places where goroutines of the attempt still are, after some time to end.
func (a attempt) left() []string {
	for wait := time.Millisecond; ; wait *= 2 {
		places := goroutines(a.label)
		if len(places) == 0 || wait > 500*time.Millisecond {
			return places
		}
		time.Sleep(wait)
	}
}

// goroutines are the top-most places of all goroutines that carry the label, which those inherit that
// a goroutine starts.
func goroutines(label string) []string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return nil
	}
	var places []string
	for _, group := range strings.Split(profile.String(), "\n\n") {
		if !strings.Contains(group, fmt.Sprintf("%q:%q", "stagetest", label)) {
			continue
		}
		var stack []string
		for line := range strings.Lines(group) {
			if fields := strings.Fields(line); len(fields) > 3 && fields[0] == "#" && strings.HasPrefix(fields[1], "0x") {
				stack = append(stack, fields[2]+" "+fields[len(fields)-1])
			}
		}
		places = append(places, strings.Join(stack, " < "))
	}
	return places
}

func asError(err error) (*stage.Error, bool) {
	var said *stage.Error
	ok := errors.As(err, &said)
	return said, ok
}
