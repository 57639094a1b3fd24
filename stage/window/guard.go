package window

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Closing says what becomes of a rollout that is under way when the schedule closes.
type Closing string

const (
	// End: it goes on to its end. The default.
	End Closing = "end"
	// Pause: it holds still where it is, as on a person's stage.Pause, and goes on when the schedule opens. What a
	// person has paused meanwhile stays so.
	Pause Closing = "pause"
	// RollBack: it is taken back, as on a person's abort.
	RollBack Closing = "roll-back"
)

// By is who a rollout is paused, resumed and taken back by, where a schedule does it.
const By = "calendar"

// Guard says what becomes of a rollout when a schedule closes. It is for the field Hours of deploy.Stage and waves.Stage;
// the zero Guard lets it run to its end.
//
// It also holds for a rollout that begins, or is gone on with by another host, while the schedule is closed: the schedule is
// looked at before anything moves, so that Pause holds at once, and RollBack moves nothing. While the schedule cannot be read,
// or does not answer within Patience, Pause holds, and RollBack takes nothing back, but holds what has not begun.
//
// A deployment whose plan stops all that runs before it starts what comes, as strategy.Recreate does, is held by Pause before it begins alone,
// and runs to its end from there: held in between, nothing would serve for as long as the schedule is closed. Waves hold regions there, too.
//
// A person who resumes or promotes a rollout that is held, and gives a reason, overrides the schedule until it opens the
// next time (DetailOverride, among the details of the rollout's stage). stage.Approve is a yes to what the plan asks alone, also
// while the rollout is held: it goes on when both are settled. What does not count while it is held is recorded (DetailIgnored).
//
// Whoever has overridden a window stage before has overridden the guard, too, where Lift names the key by which that hands it on:
// until the moment at which the window would have let the release go by itself, as was known then, or, where that was not
// known, until the schedule opens. So what a window let begin in a freeze is neither held nor taken back for it. RollBack holds nothing
// that has begun, so it is overridden at the window alone.
type Guard struct {
	// Schedule is the schedule as it is now; see Stage.Schedule.
	Schedule func(ctx context.Context) (*calendar.Schedule, error)
	// Closing is what becomes of the rollout.
	Closing Closing
	// People are those who may override Pause. Empty: everybody who gives a reason.
	People []string
	// Lift is the key of the window stage before it, Stage.Lift: as a rule Lifted. Zero: an override there says nothing here.
	Lift stage.Key[Lift]
	// Interval is how long it takes at most to read the calendars again, and so how late a freeze is seen that was made
	// meanwhile. Zero: DefaultGuardInterval.
	Interval time.Duration
}

// Idle reports whether the guard has nothing to do, as a rollout runs to its end.
func (g Guard) Idle() bool { return g.Closing == "" || g.Closing == End }

// Validate reports every field that is wrong.
func (g Guard) Validate() error {
	var errs *multierror.Error
	switch g.Closing {
	case "", End, Pause, RollBack:
	default:
		errs = multierror.Append(errs, fmt.Errorf("Guard.Closing: %.40q is none of end, pause, roll-back", string(g.Closing)))
	}
	if !g.Idle() && g.Schedule == nil {
		errs = multierror.Append(errs, errors.New("Guard.Schedule: is missing"))
	}
	if g.Interval < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Guard.Interval: %s is below zero", g.Interval))
	}
	for _, err := range unnamed("Guard", g.People) {
		errs = multierror.Append(errs, err)
	}
	return errs.ErrorOrNil()
}

// Barred says why somebody may not override the guard, "" where they may.
func (g Guard) Barred(by, why string) string {
	switch {
	case !may(g.People, by):
		return fmt.Sprintf("%.100s is not one of those who may override the schedule", by)
	case strings.TrimSpace(why) == "":
		return "an override of the schedule needs a reason"
	}
	return ""
}
