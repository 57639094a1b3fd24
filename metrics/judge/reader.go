package judge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// reader feeds a judge from a source.
type reader struct {
	gate    Gate
	parter  metrics.Parter // nil: the source cannot tell parts apart
	subject gate.Subject
	judge   *Judge
	fresh   bool
	read    time.Time    // up to when
	ends    [2]time.Time // up to when each arm was counted: by then or earlier
	upTo    time.Time    // and how far it can go
	// passedOver is why a look counts for neither side.
	passedOver error
}

// maxLooks is how many looks one question reads at most; where there are more, they are wider.
const maxLooks = 240

// reader goes on where the memory ends.
func (g Gate) reader(s gate.Subject) (*reader, error) {
	r := &reader{gate: g, subject: s, upTo: s.Now.Add(-g.Delay)}
	r.parter, _ = ability[metrics.Parter](g.Source)
	if len(s.Memory) == 0 {
		j, err := New(g.Config)
		if err != nil {
			return nil, err
		}
		r.judge, r.fresh = j, true
		// Looks lie on a grid, so that a source with whole seconds or minutes is asked for those.
		look := j.config.Look
		if r.read = s.Since.Truncate(look); r.read.Before(s.Since) {
			r.read = r.read.Add(look)
		}
		r.ends = [2]time.Time{r.read, r.read}
		return r, nil
	}
	var m memory
	if err := json.Unmarshal(s.Memory, &m); err != nil {
		return nil, fmt.Errorf("read what the gate remembers: %w", err)
	}
	j, err := Restore(g.Config, m.Judge)
	if err != nil {
		return nil, fmt.Errorf("read what the gate remembers: %w", err)
	}
	if m.Read.Before(j.state.End) {
		return nil, fmt.Errorf("read what the gate remembers: it was judged up to %s, and read up to %s only", j.state.End, m.Read)
	}
	r.judge, r.read, r.ends = j, m.Read, m.Ends
	for i, end := range r.ends {
		if end.IsZero() {
			r.ends[i] = r.read
		}
		if end.After(r.read) {
			return nil, fmt.Errorf("read what the gate remembers: an arm was counted up to %s, and both were read up to %s only", end, r.read)
		}
	}
	return r, nil
}

func (r *reader) remember() (json.RawMessage, error) {
	state, err := r.judge.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write down what the gate remembers: %w", err)
	}
	return json.Marshal(memory{Read: r.read.UTC(), Ends: [2]time.Time{r.ends[0].UTC(), r.ends[1].UTC()}, Judge: state})
}

// against is the label of the baseline; empty where there is none.
func (r *reader) against() string {
	if r.subject.Baseline != "" {
		return r.subject.Baseline
	}
	return r.subject.Stable
}

// catchUp reads all complete looks. It reports whether time ran out first: what was read until then is
// kept.
func (r *reader) catchUp(ctx context.Context) (late bool, err error) {
	progress := false
	if r.fresh {
		if err := r.learn(ctx); err != nil {
			return false, err
		}
	}
	look := r.judge.config.Look
	if behind := r.upTo.Sub(r.read); behind > maxLooks*look {
		look = (behind/maxLooks + look - 1).Truncate(look)
	}
	for !r.read.Add(look).After(r.upTo) {
		done, err := r.look(ctx, look)
		switch {
		case err != nil && ctx.Err() != nil && progress:
			return true, nil
		case err != nil:
			return false, err
		case !done:
			return false, nil
		}
		progress = true
	}
	return false, nil
}

// learn reads the baseline from before the release. That there is nothing is no error.
func (r *reader) learn(ctx context.Context) error {
	history, look := r.gate.History, r.judge.config.Look
	if history == 0 {
		history = 10 * time.Minute
	}
	label := r.subject.Stable
	if label == "" {
		label = r.against()
	}
	until := r.subject.Since.Truncate(look)
	from := until.Add(-history).Truncate(look)
	if history < look || label == "" {
		return nil
	}
	if width := until.Sub(from) / maxLooks; width > look {
		look = (width + look - 1).Truncate(look)
	}
	if w, err := r.window(ctx, metrics.Query{Group: label, From: from, To: until}, true); err != nil || w.Requests == 0 {
		return err
	}
	for from.Add(look).Before(until) || from.Add(look).Equal(until) {
		q := metrics.Query{Group: label, From: from, To: from.Add(look)}
		w, err := r.window(ctx, q, true)
		if err != nil {
			return err
		}
		s := Sample{From: from, To: later(q.To, w.To), Baseline: w}
		if s.Parts, err = r.parts(ctx, q); err != nil {
			return err
		}
		from = s.To
		if w.From.Before(q.From) && !w.From.IsZero() || from.After(until) {
			continue
		}
		if err := r.judge.Learn(s); err != nil {
			return err
		}
	}
	return nil
}

// window reads one group. No data is an empty window; of history, so is a group that nobody knows.
func (r *reader) window(ctx context.Context, q metrics.Query, history bool) (metrics.Window, error) {
	w, err := r.gate.Source.Read(ctx, q)
	if errors.Is(err, metrics.ErrNoData) || history && errors.Is(err, metrics.ErrUnknownGroup) {
		return metrics.Window{}, nil
	}
	if err != nil {
		return metrics.Window{}, fmt.Errorf("read the metrics of %s: %w", q.Group, err)
	}
	if w.From.IsZero() {
		w.From = q.From
	}
	if w.To.IsZero() {
		w.To = q.To
	}
	return w, nil
}

// parts reads the parts of the baseline, where the source can tell them apart.
func (r *reader) parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	if r.parter == nil {
		return nil, nil
	}
	parts, err := r.parter.Parts(ctx, q)
	if errors.Is(err, metrics.ErrNoData) || errors.Is(err, metrics.ErrUnknownGroup) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the parts of %s: %w", q.Group, err)
	}
	return parts, nil
}
