package judge

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// armRead is what was read of one arm for a look.
type armRead struct {
	window metrics.Window
	query  metrics.Query // that it answers; empty where nothing counts
	end    time.Time     // up to when the arm is counted then
	heard  bool          // there was a stretch of it, even if it must not count
}

// waitedLooks is how many looks an arm is waited for that has not yet spoken of a look to its end: a line
// of a minute comes when that is over.
const waitedLooks = 12

// look reads and judges one look. It is not done where an arm's own stretch is not over, or where what an
// arm has to say of it may still come.
//
// What counts of an arm begins where it ended in the look before, so nothing counts twice, and nothing is
// lost. The arms' own stretches need not end together: a look is prolonged until they nearly do.
func (r *reader) look(ctx context.Context, width time.Duration) (done bool, err error) {
	for to := r.read.Add(width); !to.After(r.upTo); {
		arms, err := r.arms(ctx, to)
		if err != nil {
			return false, err
		}
		first, last := r.span(arms, to)
		if last.After(r.upTo) || first.Before(to) && r.upTo.Before(to.Add(waitedLooks*r.judge.config.Look)) {
			return false, nil
		}
		if last.Sub(later(first, to)) <= last.Sub(r.read)/4 {
			return true, r.observe(ctx, arms, last)
		}
		to = last
	}
	return false, nil
}

// arms reads both arms up to a time, or to where their stretches end that go on there.
func (r *reader) arms(ctx context.Context, to time.Time) (arms [2]armRead, err error) {
	for i, label := range r.labels() {
		if label == "" {
			arms[i].end = to
			continue
		}
		if arms[i], err = r.arm(ctx, label, r.ends[i], to); err != nil {
			return arms, err
		}
	}
	return arms, nil
}

func (r *reader) labels() [2]string { return [2]string{r.subject.Candidate, r.against()} }

// span is up to when both arms are known, and one of them.
func (r *reader) span(arms [2]armRead, to time.Time) (first, last time.Time) {
	first, last = arms[0].end, later(to, later(arms[0].end, arms[1].end))
	if arms[1].end.Before(first) {
		first = arms[1].end
	}
	return first, last
}

// arm reads one arm from where it was counted up to. A stretch that began before that is passed over.
func (r *reader) arm(ctx context.Context, label string, counted, to time.Time) (armRead, error) {
	a := armRead{end: counted}
	// What comes later than that would be asked for again and again.
	q := metrics.Query{Group: label, From: later(counted, r.read.Add(-r.judge.config.MaxBlock)), To: to}
	for range 2 {
		w, err := r.window(ctx, q, false)
		if err != nil || w.To.IsZero() {
			return a, err
		}
		a.heard = true
		if !w.From.Before(counted) {
			a.window, a.query, a.end = w, q, later(a.end, w.To)
			return a, nil
		}
		// Where does the stretch end that began too early?
		begun := q
		if begun.To = q.From.Add(time.Second); begun.To.After(to) {
			begun.To = to
		}
		if w, err = r.window(ctx, begun, false); err != nil {
			return a, err
		}
		a.end = later(begun.To, w.To)
		if !a.end.Before(to) {
			return a, nil
		}
		q.From, counted = a.end, a.end
	}
	a.end = to // the stretches of its parts overlap
	return a, nil
}

// observe judges a look of both arms.
func (r *reader) observe(ctx context.Context, arms [2]armRead, to time.Time) (err error) {
	s := Sample{From: r.read, To: to, Candidate: arms[0].window, Baseline: arms[1].window}
	if q := arms[1].query; q.Group != "" {
		if s.Parts, err = r.parts(ctx, q); err != nil {
			return err
		}
	}
	whole := true
	for _, a := range arms {
		whole = whole && (!a.heard || a.query.Group != "")
	}
	if whole && !s.From.Before(r.subject.Since) && r.against() != "" {
		s.Share = r.subject.Share
	}
	if _, err := r.judge.Observe(s); err != nil {
		err = fmt.Errorf("judge %s from %s: %w", r.subject.Candidate, s.From.Format(time.RFC3339), err)
		// A source may still correct what it said. What stays wrong must not keep the rest from being judged.
		if r.upTo.Sub(to) < r.judge.config.MaxBlock {
			return err
		}
		r.passedOver = err
	}
	r.read, r.ends = to, [2]time.Time{arms[0].end, arms[1].end}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
