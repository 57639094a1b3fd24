package strategy

import (
	"fmt"
	"slices"
	"time"
)

// BlueGreen starts the new revision (green) beside the old one (blue), looks at it while it gets no
// traffic, switches, and keeps blue at full size until all have agreed, so that switching back is
// instant for as long.
type BlueGreen struct {
	// Replicas is how many instances shall run in the end. Zero: as many as now.
	Replicas int
	// Preview is the size of green before the switch, a percentage of Replicas rounded up. Unset:
	// full size.
	Preview Amount
	// PreviewMatch lists requests that reach green before it has all of the traffic.
	PreviewMatch []Match
	// Before holds green before the switch, at its preview size.
	Before Hold
	// Switch is the share of green in each step of the switch, ascending; all of the traffic
	// follows in the end in any case. Empty: at once.
	Switch []Share
	// SwitchHold holds each step of the switch but the last.
	SwitchHold Hold
	// After holds green once it has all of the traffic.
	After Hold
	// Warm is for how long after that blue is still kept; the gates of After watch on. Zero: blue
	// is stopped once After is over.
	Warm time.Duration
	// MinReady is how long an instance must have been ready before it counts as available.
	MinReady time.Duration
	// Deadline is the progress deadline of each step. Zero: the rollout's default.
	Deadline time.Duration
	// Sticky keeps a client with the side that answered it first, as far as the shares allow.
	Sticky bool
}

var _ Strategy = BlueGreen{}

// Validate reports everything that is wrong with the settings, each problem with its field.
func (b BlueGreen) Validate() error {
	var bad problems
	bad.count("BlueGreen.Replicas", b.Replicas)
	bad.amount("BlueGreen.Preview", b.Preview)
	if !b.Preview.IsZero() && b.Preview.Up(maxReplicas) == 0 {
		bad.add("BlueGreen.Preview", "without an instance of it there is nothing to preview")
	}
	bad.matches("BlueGreen.PreviewMatch", b.PreviewMatch)
	bad.nest("BlueGreen.Before", b.Before.Validate())
	for i, s := range b.Switch {
		field := fmt.Sprintf("BlueGreen.Switch[%d]", i)
		bad.share(field, s)
		if s.IsZero() {
			bad.add(field, "a step of the switch moves traffic")
		}
		if i > 0 && s.Compare(b.Switch[i-1]) <= 0 {
			bad.add(field, "%s is not above the %s of the step before", s, b.Switch[i-1])
		}
	}
	bad.nest("BlueGreen.SwitchHold", b.SwitchHold.Validate())
	bad.nest("BlueGreen.After", b.After.Validate())
	bad.duration("BlueGreen.Warm", b.Warm)
	bad.duration("BlueGreen.MinReady", b.MinReady)
	bad.duration("BlueGreen.Deadline", b.Deadline)
	return bad.err()
}

// Plan previews, switches, and retires the old side. Where nothing runs yet there is nothing to
// switch from: the plan has the one step that starts the revision, under the hold After. Its errors
// are those of every strategy: what Validate says, ErrUnderWay, ErrNothingToDo.
func (b BlueGreen) Plan(from State, to Revision) (Plan, error) {
	j, err := journey{strategy: "BlueGreen", from: from, to: to, minReady: b.MinReady, deadline: b.Deadline,
		sticky: b.Sticky}.embark(b.Replicas, b.Validate(), false)
	if err != nil {
		return Plan{}, err
	}
	if p, done, err := j.direct(b.After); done {
		return p, err
	}
	preview := j.want
	if !b.Preview.IsZero() {
		preview = b.Preview.Up(j.want)
	}
	if preview > j.want {
		return Plan{}, fmt.Errorf("BlueGreen.Preview: %d instances are more than the %d of the full size", preview, j.want)
	}
	least := min(j.old, j.want)
	p := j.plan(Limits{MinAvailable: least, MaxTotal: j.old + j.want, Load: least})
	p.Steps = append(p.Steps, b.Before.on(b.step(j, fmt.Sprintf("preview %d of %s", preview, j.newName), preview, Share{})))
	if preview < j.want {
		p.Steps = append(p.Steps, b.step(j, fmt.Sprintf("all %d of %s", j.want, j.newName), j.want, Share{}))
	}
	p.Steps = append(p.Steps, b.switches(j)...)
	if b.Warm > 0 {
		warm := Hold{Bake: b.Warm, Gates: b.After.Gates}
		p.Steps = append(p.Steps, warm.on(b.step(j, fmt.Sprintf("keep %s warm", j.oldName), j.want, All())))
	}
	p.Steps = append(p.Steps, j.last(fmt.Sprintf("retire %s", j.oldName)))
	return p, nil
}

func (b BlueGreen) switches(j journey) []Step {
	shares := slices.Clone(b.Switch)
	if n := len(shares); n == 0 || shares[n-1] != All() {
		shares = append(shares, All())
	}
	steps := make([]Step, len(shares))
	for i, s := range shares {
		hold := b.SwitchHold
		if s == All() {
			hold = b.After
		}
		steps[i] = hold.on(b.step(j, fmt.Sprintf("switch %s to %s", s, j.newName), j.want, s))
	}
	return steps
}

// step is blue at full size beside green.
func (b BlueGreen) step(j journey, reason string, green int, s Share) Step {
	g := j.candidate(green, s)
	if s != All() {
		g = g.with(b.PreviewMatch, Share{})
	}
	return j.step(reason, j.state(j.stable(j.old, s.Rest()), g))
}
