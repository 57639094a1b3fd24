package steer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
)

// Hold is what people have said of a rollout that a schedule may hold. It is a part of the stage's checkpoint, so that the next
// host knows whose a pause is.
type Hold struct {
	// Person says that a person has paused the rollout.
	Person bool `json:"person,omitempty"`
	// Lifted says that a person lets it go on though the schedule is closed, until that opens, or until Until where that is set.
	Lifted bool      `json:"lifted,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	// Taken says that what an earlier stage handed on was taken in.
	Taken bool `json:"taken,omitempty"`
	// Let says that the rollout was let begin: the schedule was seen open, or was overridden.
	Let bool `json:"let,omitempty"`
}

// lifts reports whether a person lets it go on though the schedule is closed.
func (h Hold) lifts(now time.Time) bool { return h.Lifted && (h.Until.IsZero() || now.Before(h.Until)) }

// Keeper holds a rollout while a schedule is closed. All methods may be called from any goroutine.
type Keeper struct {
	guard  window.Guard
	watch  *window.Watch
	dark   bool       // the rollout stops all that runs before it starts what comes
	acting sync.Mutex // one word at a time reaches the rollout, of the schedule or of a person
	holds  bool       // the schedule has paused the rollout
	last   window.Word
	mu     sync.Mutex // never held while the rollout is told, which may wait for a checkpoint that asks what was said
	said   Hold
}

// NewKeeper goes on from what a checkpoint says: what was paused by nobody was paused by the schedule.
func NewKeeper(g window.Guard, said Hold, paused bool) *Keeper {
	return &Keeper{guard: g, watch: g.Watch(), said: said, holds: paused && !said.Person}
}

// Whole lets a rollout run to its end once it was let begin, where its plan goes dark on the way: held there, nothing would serve for as
// long as the schedule is closed.
func (k *Keeper) Whole(p strategy.Plan) *Keeper {
	k.dark = !p.From.Dark() && slices.ContainsFunc(p.Steps, func(s strategy.Step) bool { return s.State.Dark() })
	return k
}

// Said is what people have said so far.
func (k *Keeper) Said() Hold {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.said
}

func (k *Keeper) say(change func(*Hold)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.said)
}

// begin looks at the schedule before the rollout runs, so that nothing moves against it. It ends a pause of the schedule that
// nobody would end any more, as the guard was changed since.
func (k *Keeper) begin(ctx context.Context, t *stage.Task, r Rollout) (again time.Time) {
	if !k.guard.Idle() {
		k.take(t)
		return k.look(ctx, t, r)
	}
	if err := k.obey(window.Word{Open: true, Why: "no schedule holds the rollout any more"}, r); err != nil {
		t.Logger().Warn("the rollout could not be resumed", "error", err)
	}
	return time.Time{}
}

// take takes in the override that an earlier stage hands on, once.
func (k *Keeper) take(t *stage.Task) {
	lift, err := k.guard.Handed(t)
	if err != nil {
		t.Logger().Warn("the override of the schedule cannot be read", "error", err)
	}
	if err != nil || lift == (window.Lift{}) || k.Said().Taken {
		return
	}
	k.say(func(h *Hold) { h.Lifted, h.Until, h.Taken = true, lift.Until, true })
	t.Logger().Info("the schedule was overridden before", "by", lift.By, "why", lift.Why, "until", lift.Until)
}

// keep looks at the schedule again and again until ctx ends.
func (k *Keeper) keep(ctx context.Context, t *stage.Task, r Rollout, again time.Time) {
	if k.guard.Idle() {
		return
	}
	for {
		timer := time.NewTimer(max(time.Until(again), 0))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if again = k.look(ctx, t, r); ctx.Err() != nil {
			return
		}
	}
}

// look looks at the schedule once, and does what it says.
func (k *Keeper) look(ctx context.Context, t *stage.Task, r Rollout) (again time.Time) {
	word := k.watch.Look(ctx)
	if ctx.Err() != nil {
		return word.Again
	}
	if err := k.obey(word, r); err != nil {
		t.Logger().Warn("the schedule came too late or too early", "schedule", word.Why, "error", err)
	}
	return word.Again
}

func (k *Keeper) obey(word window.Word, r Rollout) error {
	k.acting.Lock()
	defer k.acting.Unlock()
	k.last = word
	said, now := k.Said(), time.Now()
	lifted := said.lifts(now)
	if word.Open || lifted {
		k.say(func(h *Hold) { h.Let = true })
	}
	switch {
	case word.Open:
		if !lifted || said.Until.IsZero() {
			k.say(func(h *Hold) { h.Lifted, h.Until = false, time.Time{} })
		}
		held := k.holds
		if k.holds = false; !held || said.Person {
			return nil
		}
		return r.Resume(window.By, word.Why)
	case lifted && k.holds && !said.Person: // the last host died before it did
		k.holds = false
		return r.Resume(window.By, "the schedule is overridden")
	case lifted:
		return nil
	case k.guard.Closing == window.RollBack && word.Known:
		return r.Abort(window.By, word.Why)
	case k.guard.Closing == window.RollBack && said.Let: // nothing is taken back for what is not known
		return nil
	case k.dark && said.Let:
		return nil
	}
	if err := r.Pause(window.By, word.Why); err != nil { // also where it holds already: the last host may have died before it did
		return err
	}
	k.holds = true
	return nil
}

// hear hands a person's signal on to the rollout, unless it does not count, and records what becomes of it beside the schedule.
func (k *Keeper) hear(ctx context.Context, t *stage.Task, s stage.Signal, r Rollout) {
	k.acting.Lock()
	defer k.acting.Unlock()
	held := k.holds
	if ignored := k.weigh(s); ignored != "" {
		t.Logger().Warn("signal does not count", "kind", s.Kind, "by", s.By, "reason", ignored)
		record(ctx, t, window.DetailIgnored, window.Ignored{By: s.By, Signal: s.Kind, Reason: ignored})
		return
	}
	steered := obey
	if held && s.Kind == stage.Approve {
		steered = answer
	}
	switch err := steered(r, s); {
	case err != nil:
		t.Logger().Warn("signal came too late or too early", "kind", s.Kind, "by", s.By, "error", err)
		if held {
			record(ctx, t, window.DetailIgnored, window.Ignored{By: s.By, Signal: s.Kind, Reason: clip(err.Error(), 500)})
		}
	case held && !k.holds:
		record(ctx, t, window.DetailOverride, window.Override{By: s.By, Why: clip(s.Why, 500), Look: k.last.Look})
	}
}

func record(ctx context.Context, t *stage.Task, name string, detail any) {
	if err := t.Detail(ctx, name, detail); err != nil {
		t.Logger().Error("what was said could not be recorded", "error", err)
	}
}

// answer hands on a yes to what the plan asks. It is none to the schedule: the pause of that stays.
func answer(r Rollout, s stage.Signal) error { return r.Answer(s.By, s.Why) }

// weigh notes what a person says, and returns why it does not count.
func (k *Keeper) weigh(s stage.Signal) (ignored string) {
	switch s.Kind {
	case stage.Pause:
		k.say(func(h *Hold) { h.Person = true })
	case stage.Approve:
		if !k.holds {
			k.say(func(h *Hold) { h.Person = false })
		}
	case stage.Resume, stage.Promote:
		if k.holds {
			if ignored = k.guard.Barred(s.By, s.Why); ignored == "" {
				k.holds = false
				k.say(func(h *Hold) { h.Lifted, h.Until = true, time.Time{} })
			}
		}
		if ignored == "" || s.Kind == stage.Resume { // their own pause is over, also where that of the schedule is not
			k.say(func(h *Hold) { h.Person = false })
		}
	}
	return ignored
}
