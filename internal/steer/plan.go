package steer

import (
	"encoding/json"
	"fmt"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
)

// mostKept bounds what is kept of a plan, in bytes of JSON: it is a part of each position that is recorded. A plan of
// about eighty steps is as large.
const mostKept = 32 << 10

// Kept is a plan as it is kept in a position, so that a host in which the strategy is another one by now goes on by
// the plan that was begun. Nil: it is too large.
func Kept(plan any) json.RawMessage {
	text, err := json.Marshal(plan)
	if err != nil || len(text) > mostKept {
		return nil
	}
	return text
}

// Halfway is the end of a stage that was begun and cannot go on, or be taken back, as it is now: its target stays as it
// was left.
func Halfway(to strategy.Revision, what string, err error) error {
	return &stage.Error{Outcome: stage.Stranded, Reason: fmt.Sprintf("the deployment of %s was begun, and cannot %s as the stage is now", to, what), Err: err}
}
