package gatetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/gatetest"
)

// model is a sound gate with a memory: it counts its looks, and passes from the third on. Its fields
// change it.
type model struct {
	world    *gatetest.World
	validate error
	read     func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error)
	noData   gate.Outcome // what it says without data; empty: continue, with NoData
	recall   func(memory json.RawMessage) (int, error)
	change   func(s gate.Subject, v *gate.Verdict, err error) error
}

var _ gate.Gate = (*model)(nil)

func (m *model) Validate() error { return m.validate }

func (m *model) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	v, err := m.check(ctx, s)
	if m.change != nil {
		err = m.change(s, &v, err)
	}
	return v, err
}

func (m *model) check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	looks, err := m.recall(s.Memory)
	if err != nil {
		return gate.Verdict{}, err
	}
	w, err := m.read(ctx, m.world, s)
	v := gate.Verdict{Outcome: gate.Continue, Reason: fmt.Sprintf("look %d", looks+1)}
	v.Memory, _ = json.Marshal(map[string]int{"looks": looks + 1})
	switch {
	case errors.Is(err, metrics.ErrNoData):
		v.NoData = true
	case err != nil:
		return gate.Verdict{}, err
	case w.Errors > w.Requests:
		return gate.Verdict{}, errors.New("more errors than requests")
	case 2*w.Errors > w.Requests:
		v.Outcome = gate.Fail
	case w.Requests > 0 && looks >= 2:
		v.Outcome = gate.Pass
	}
	return v, nil
}

func sound(w *gatetest.World) *model {
	return &model{
		world: w,
		read: func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
			return w.Read(ctx, metrics.Query{Group: s.Candidate, From: s.Since, To: s.Now})
		},
		recall: func(memory json.RawMessage) (int, error) {
			var m map[string]int
			if memory == nil {
				return 0, nil
			}
			err := json.Unmarshal(memory, &m)
			return m["looks"], err
		},
	}
}

// situation is the case in which models are asked.
func situation(change func(m *model)) gatetest.Case {
	return gatetest.Case{Name: "model", Looks: 5, Patience: 10 * time.Second, New: func(w *gatetest.World) gate.Gate {
		m := sound(w)
		change(m)
		return m
	}}
}

func TestASoundGateKeepsAllLaws(t *testing.T) {
	gatetest.Run(t, situation(func(*model) {}))
}

func TestEachMutantBreaksExactlyItsLaw(t *testing.T) {
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	for name, change := range map[string]func(m *model){
		"valid": func(m *model) { m.validate = errors.New("Model.Field: it is wrong") },
		"pass": func(m *model) {
			m.change = func(s gate.Subject, v *gate.Verdict, err error) error {
				if v.Outcome == gate.Pass {
					v.Outcome = gate.Inconclusive
				}
				return err
			}
		},
		"verdict without a reason": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error { v.Reason = ""; return err }
		},
		"verdict with an error": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if err != nil {
					v.Outcome = gate.Inconclusive
				}
				return err
			}
		},
		"verdict that is too large": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				v.Evidence = make([]gate.Evidence, 1000)
				return err
			}
		},
		"nodata is a pass, at each turn ": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if v.NoData {
					v.Outcome, v.NoData = gate.Pass, false
				}
				return err
			}
		},
		"nodata is down": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if v.NoData {
					*v = gate.Verdict{}
					return errors.New("no data")
				}
				return err
			}
		},
		"silent": func(m *model) {
			read := m.read
			m.read = func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
				n, err := read(ctx, w, s)
				n.Requests++ // nothing failed, so all is well
				if n.Errors == n.Requests {
					n.Errors++
				}
				return n, err
			}
		},
		"down is a pass, at each turn ": func(m *model) {
			read := m.read
			m.read = func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
				n, err := read(ctx, w, s)
				if err != nil && ctx.Err() == nil && !errors.Is(err, metrics.ErrNoData) {
					return metrics.Window{Requests: 1}, nil
				}
				return n, err
			}
		},
		"down is no data": func(m *model) {
			read := m.read
			m.read = func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
				n, err := read(ctx, w, s)
				if errors.Is(err, metrics.ErrUnknownGroup) {
					err = metrics.ErrNoData
				}
				return n, err
			}
		},
		"nan is fine": func(m *model) {
			read := m.read
			m.read = func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
				n, err := read(ctx, w, s)
				if n.Errors > n.Requests {
					n.Errors = 0
				}
				return n, err
			}
		},
		"nan may be infinite": func(m *model) {
			m.read = func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
				x, err := w.Number(ctx, s)
				if x != x || x < 0 {
					err = errors.New("that is no number")
				}
				return metrics.Window{Requests: 100}, err
			}
		},
		"harm is endured": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if v.Outcome == gate.Fail {
					v.Outcome = gate.Continue
				}
				return err
			}
		},
		"harm is a pass": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if v.Outcome == gate.Fail {
					v.Outcome = gate.Pass
				}
				return err
			}
		},
		"turn from a pass": func(m *model) {
			m.change = func(s gate.Subject, v *gate.Verdict, err error) error {
				var before map[string]int
				_ = json.Unmarshal(s.Memory, &before) // the model tells what it cannot read
				switch {
				case v.Outcome == gate.Pass:
					v.Memory, _ = json.Marshal(map[string]int{"looks": before["looks"] + 1, "passed": 1})
				case before["passed"] == 1 && (err != nil || v.NoData):
					*v = gate.Verdict{Outcome: gate.Pass, Reason: "it was fine the last time", Memory: s.Memory}
					return nil
				}
				return err
			}
		},
		"verdict of a fail that is too large": func(m *model) {
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if v.Outcome == gate.Fail {
					v.Evidence = make([]gate.Evidence, 1000)
				}
				return err
			}
		},
		"cancel": func(m *model) {
			read := m.read
			m.read = func(ctx context.Context, w *gatetest.World, s gate.Subject) (metrics.Window, error) {
				n, err := read(ctx, w, s)
				if ctx.Err() != nil {
					<-never
				}
				return n, err
			}
		},
		"same": func(m *model) {
			var asked atomic.Int64
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				v.Reason += fmt.Sprintf(", asked %d times", asked.Add(1))
				if err != nil {
					*v = gate.Verdict{}
				}
				return err
			}
		},
		"older": func(m *model) {
			m.change = func(s gate.Subject, v *gate.Verdict, err error) error {
				looks, unread := m.recall(s.Memory)
				if at := int((s.Now.Sub(s.Since) - 10*time.Minute) / (5 * time.Second)); s.Memory != nil && unread == nil && looks != at {
					*v = gate.Verdict{}
					return errors.New("a look is missing")
				}
				return err
			}
		},
		"garbage": func(m *model) {
			recall := m.recall
			m.recall = func(memory json.RawMessage) (int, error) {
				n, err := recall(memory)
				if err != nil {
					return 2, nil // it has looked before
				}
				return n, nil
			}
		},
		"garbage that panics": func(m *model) {
			recall := m.recall
			m.recall = func(memory json.RawMessage) (int, error) {
				n, err := recall(memory)
				if err != nil {
					panic(err)
				}
				return n, nil
			}
		},
		"concurrent": func(m *model) {
			var asked atomic.Int64
			m.change = func(_ gate.Subject, v *gate.Verdict, err error) error {
				if asked.Add(1) > 15 { // it has room for one release at a time
					*v = gate.Verdict{}
					return errors.New("too many ask")
				}
				return err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := situation(change)
			if name == "cancel" {
				c.Patience = 100 * time.Millisecond
			}
			err := gatetest.Check(c)
			require.Error(t, err)
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var v *gatetest.Violation
				require.ErrorAs(t, err, &v)
				assert.Contains(t, " "+name+" ", " "+v.Law+" ", "%v", v)
			}
		})
	}
}
