package stagetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// wakes looks whether something can end the wait of a stage that waits.
func wakes(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	s, h := situation(new, c)
	a := single(h, s, c)
	for range 3 {
		waits, ok := waiting(a)
		switch {
		case !ok:
			return nil, "the stage does not wait"
		case waits.Until.IsZero() && len(stage.Listens(s)) == 0:
			return []string{"it waits for ever: it listens for no signal, and names no time"}, ""
		case waits.Until.IsZero() || waits.Until.After(time.Now()):
			return nil, ""
		}
		a = single(h, new(), c) // its time has come
	}
	if waits, ok := waiting(a); ok {
		return []string{fmt.Sprintf("it waits again and again until %s, which has passed", waits.Until.Format(time.RFC3339))}, ""
	}
	return nil, ""
}

// single runs one attempt.
func single(h *Host, s stage.Stage, c Case) attempt {
	return try(c, c.end(), func(ctx context.Context) error {
		err, _ := h.once(ctx, s)
		return err
	})
}

func waiting(a attempt) (*stage.Error, bool) {
	said, ok := errors.AsType[*stage.Error](a.err)
	return said, ok && !a.stuck && stage.OutcomeOf(a.err) == stage.Waiting
}

// signals spreads the signals of a case over several attempts of a stage that waits: each comes once the
// stage waits for it, and some attempts are lost with their host before their end is recorded.
func signals(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	none := c
	none.Signals = nil
	s, h := situation(new, none)
	if len(c.Signals) == 0 || len(stage.Listens(s)) == 0 {
		return nil, "the case has no signals for it"
	}
	if _, ok := waiting(single(h, s, c)); !ok {
		return nil, "the stage does not wait for them"
	}
	atOnce, whole := situation(new, c)
	want := single(whole, atOnce, c)
	for _, lost := range []int{0, 1} {
		_, h := situation(new, none)
		var a attempt
		for i := -1; i < len(c.Signals); i++ {
			if i >= 0 {
				h.Send(c.Signals[i].Kind, c.Signals[i].By, c.Signals[i].Why)
			}
			for range 1 + lost {
				a = single(h, new(), c)
			}
			if _, ok := waiting(a); !ok {
				break
			}
		}
		if was, is := stage.OutcomeOf(want.err), stage.OutcomeOf(a.err); was != is || a.panics != "" {
			return []string{fmt.Sprintf("it ended as %s when all signals were there, and as %s when they came one by one (error: %v) %s", was, is, a.err, a.panics)}, ""
		}
		if wrong = differences(whole, h, "when the signals came one by one"); len(wrong) > 0 {
			return wrong, ""
		}
	}
	return nil, ""
}
