package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// maxReason bounds a reason and a stack, in bytes.
const maxReason = 8 << 10

// EndOf is how a stage ended that returned err after its context had ended by cause (nil: it had
// not). What the stage says itself counts: one that was told to abort and has rolled back is rolled
// back. A stage that just returned after a cancel ended as the cause says, and so did one that was told
// to be skipped and has taken back what it had begun. Success counts, too, as the work is done, but
// not when the stage's time was up by then: a stage cut off by its timeout has not done its work in
// time, whatever it says. Only a person's cancel makes a skip one by a person, since others go on
// without a stage that a person passed over; the name that a stage gives itself is kept in the reason.
// The texts are as long as they are: Settle cuts them, once secrets are masked.
func EndOf(err error, cause *stage.Error) Ended {
	if err == nil && cause != nil && cause.Outcome == stage.Failed {
		return Ended{Outcome: stage.Failed, By: cause.By, Reason: cause.Reason, Final: cause.Final}
	}
	if err == nil {
		return Ended{Outcome: stage.Succeeded}
	}
	outcome := stage.OutcomeOf(err)
	var said *stage.Error
	spoke := errors.As(err, &said) && said != nil && said != cause
	waits := outcome == stage.Waiting && cause != nil
	undone := outcome == stage.RolledBack && cause != nil && cause.Outcome == stage.Skipped
	switch {
	case spoke && !undone && !waits && outcome != stage.Failed && outcome != stage.Interrupted:
		e := Ended{Outcome: outcome, By: said.By, Reason: reasonOf(err, said), Evidence: said.Evidence}
		if outcome == stage.Waiting {
			e.Until = said.Until.UTC().Round(0)
		}
		if outcome == stage.Skipped {
			e.By = ""
			if cause != nil && cause.Outcome == stage.Skipped {
				e.By = cause.By
			}
			if said.By != "" && said.By != e.By {
				e.Reason = strings.TrimSuffix(said.By+": "+e.Reason, ": ")
			}
		}
		return e
	case cause != nil:
		reason := cause.Reason
		switch {
		case err == error(cause), err == context.Canceled, waits:
		case errors.Is(err, cause):
			reason = err.Error()
		default:
			reason = strings.TrimPrefix(reason+": "+err.Error(), ": ")
		}
		e := Ended{Outcome: cause.Outcome, By: cause.By, Reason: reason, Final: cause.Final || final(err)}
		if spoke {
			e.Evidence = said.Evidence
		}
		return e
	case spoke:
		return Ended{Outcome: stage.Failed, By: said.By, Reason: reasonOf(err, said), Evidence: said.Evidence, Final: final(err)}
	}
	return Ended{Outcome: stage.Failed, Reason: err.Error()}
}

// final reports whether any stage.Error within the error is Final.
func final(err error) bool {
	var said *stage.Error
	for errors.As(err, &said) && said != nil {
		if said.Final {
			return true
		}
		err = said.Err
	}
	return false
}

// reasonOf is the reason that is said and its cause, without the outcome and the person, which are
// recorded beside it. An error around the one that was said is kept as a whole.
func reasonOf(err error, said *stage.Error) string {
	if err != error(said) {
		return err.Error()
	}
	var parts []string
	if said.Reason != "" {
		parts = append(parts, said.Reason)
	}
	if said.Err != nil {
		parts = append(parts, said.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Panicked is how a stage ended that panicked.
func Panicked(value any, stack []byte) Ended {
	return Ended{Outcome: stage.Failed, Reason: fmt.Sprintf("panic: %v", value), Stack: string(stack)}
}

// recordable is the end with texts that are not too long, and verdicts as they can be recorded: one that
// holds no proper numbers, or is too large, keeps its outcome and says so, and one without an outcome
// that there is tells nothing.
func (e Ended) recordable() Ended {
	e.Reason, e.By, e.Stack, e.Evidence = bounded(e.Reason), bounded(e.By), bounded(e.Stack), recordable(e.Evidence)
	return e
}

func recordable(verdicts []gate.Verdict) []gate.Verdict {
	out := slices.Clone(verdicts)
	for i, v := range out {
		switch v.Outcome {
		case gate.Pass, gate.Fail, gate.Continue, gate.Inconclusive:
		default:
			out[i].Outcome = gate.Inconclusive
			out[i].Reason = fmt.Sprintf("%s (its outcome was %.50q, which is none)", bounded(v.Reason), v.Outcome)
		}
		if raw, err := json.Marshal(v); err != nil || len(raw) > stage.MaxDetail {
			out[i].Evidence = nil
			out[i].Reason = bounded(out[i].Reason) + " (the measurements could not be recorded)"
		}
	}
	return out
}

// bounded is the text, cut in its middle where it is too long, and free of what is not UTF-8.
func bounded(text string) string {
	const cut = "\n...\n"
	if len(text) > maxReason {
		half := (maxReason - len(cut)) / 2
		text = text[:half] + cut + text[len(text)-half:]
	}
	return strings.ToValidUTF8(text, "")
}
