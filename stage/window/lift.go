package window

import (
	"errors"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Lift is an override of a window as it is handed on to the stages behind it. The zero Lift is none.
type Lift struct {
	By  string `json:"by,omitempty"`
	Why string `json:"why,omitempty"`
	// Until is when the window would have let the release go by itself, as was known then. Zero: that was not known.
	Until time.Time `json:"until,omitzero"`
}

// Lifted is a key for Stage.Lift and Guard.Lift, where a pipeline has one window.
var Lifted = stage.NewKey[Lift]("window-lift")

// ref is the key as stages declare it; none where it is zero.
func ref(k stage.Key[Lift]) []stage.Ref {
	if k == (stage.Key[Lift]{}) {
		return nil
	}
	return []stage.Ref{k.Ref()}
}

// Reads are the keys that a stage reads for its guard.
func (g Guard) Reads() []stage.Ref { return ref(g.Lift) }

// Handed is the override that a window stage handed on, the zero Lift where there was none.
func (g Guard) Handed(t *stage.Task) (Lift, error) {
	if len(g.Reads()) == 0 {
		return Lift{}, nil
	}
	lift, err := g.Lift.Get(t)
	if errors.Is(err, stage.ErrNoValue) {
		return Lift{}, nil
	}
	return lift, err
}

// Writes are Lift, where it is set.
func (s Stage) Writes() []stage.Ref { return ref(s.Lift) }

// hand hands an override on, or that there is none.
func (s Stage) hand(t *stage.Task, l Lift) error {
	if len(s.Writes()) == 0 {
		return nil
	}
	return s.Lift.Set(t, l)
}
