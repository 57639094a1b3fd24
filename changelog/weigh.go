package changelog

import (
	"slices"
	"strconv"
)

// reading are the commits of a history with their messages, read once for all components.
type reading struct {
	commits []Commit
	// messages are all of them, nil where their gists are enough.
	messages []*Message
	gists    []gist
	// reverting says that one of the messages takes something back.
	reverting bool
	// unclear says of the reverts that take nothing back why that is unclear, by their index.
	unclear map[int]string

	units   *units
	names   *ids
	headers map[string][]int
	numbers map[string][]int
}

// weighable reads the messages of some commits, which are newest first.
func weighable(commits []Commit, policy Policy) *reading {
	r := &reading{commits: commits, unclear: map[int]string{}}
	how := policy.reading()
	if r.gather(&how, &policy) {
		return r
	}
	r.messages, r.gists = make([]*Message, len(commits)), nil
	room := make([]Message, len(commits))
	for i := range commits {
		m := &room[i]
		r.messages[i] = m
		commits[i].message(&how, m)
		r.reverting = r.reverting || takesBack(m)
	}
	return r
}

func (r *reading) diagnostics() []Diagnostic {
	n := len(r.unclear)
	for i := range r.commits {
		n += len(r.notes(i))
	}
	if n == 0 {
		return nil
	}
	all := make([]Diagnostic, 0, n)
	for i := range r.commits {
		for _, note := range r.notes(i) {
			note.Commit = r.commits[i].ID
			all = append(all, note)
		}
		if why, ok := r.unclear[i]; ok {
			all = append(all, Diagnostic{Commit: r.commits[i].ID, Code: CodeUnclearRevert, Span: r.messages[i].At.Header, Text: why})
		}
	}
	return all
}

// raised reports the conventional messages that hold a commit of a higher level than their header: it may be a line that somebody
// quoted.
func (r *reading) raised(policy Policy) (all []Diagnostic) {
	for i := range r.commits {
		m := r.message(i)
		if m == nil || len(m.Inner) == 0 || m.Kind != Conventional {
			continue
		}
		own, _ := policy.levelOf(m)
		var highest *Message
		level := own
		for k := range m.Inner {
			if l, _ := policy.levelOf(&m.Inner[k]); l > level {
				highest, level = &m.Inner[k], l
			}
		}
		if highest == nil {
			continue
		}
		header := "the header calls for no release"
		if own > None {
			header = "the header is " + own.String()
		}
		all = append(all, Diagnostic{Commit: r.commits[i].ID, Code: CodeRaised, Span: highest.Span,
			Text: header + ", but " + inQuotes(highest.Header) + " within the message is " + level.String()})
	}
	return all
}

// weight is what one commit means for a release.
type weight struct {
	level Level
	rule  string
	// cancelled says that all its changes and their reverts cancel each other; rule says with what.
	cancelled bool
	changes   []Change
}

// weigh gives every commit its level, and the decision the highest of them.
func (d *Decision) weigh(r *reading, v *view, policy Policy) {
	zero := ZeroStable
	if v.unstable(policy) {
		zero = policy.Zero
	}
	d.Messages = policy.reading()
	gone := r.cancel(v.since, policy)
	news := gone
	if gone != nil && !slices.Equal(v.since, v.news) {
		news = r.cancel(v.news, policy)
	}
	weights, reasons := d.weights(r, v, gone, policy, zero)
	if reasons > 0 {
		d.Reasons = make([]Reason, 0, reasons)
	}
	if skipped := len(weights) - reasons; skipped > 0 {
		d.Skipped = make([]Skipped, 0, skipped)
	}
	for i := range r.commits {
		if !v.since[i] {
			continue
		}
		w, c, subject := &weights[0], &r.commits[i], r.subject(i)
		weights = weights[1:]
		switch {
		case w.cancelled:
			fresh := v.news[i] && news != gone && r.weight(i, news, &policy, zero).level > None
			d.Skipped = append(d.Skipped, Skipped{Commit: *c, Subject: subject, Why: w.rule, Cancelled: true, Changes: w.changes, New: fresh})
		case w.level == None:
			d.Skipped = append(d.Skipped, Skipped{Commit: *c, Subject: subject, Why: w.rule, Changes: w.changes})
		default:
			d.Reasons = append(d.Reasons, Reason{Commit: *c, Subject: subject, Rule: w.rule, Level: w.level, New: v.news[i], Changes: w.changes})
			d.Level = max(d.Level, w.level)
		}
	}
}

// weights are the weights of the commits since the last release, in their order, and how many of them are reasons. They
// come before the lists, so that those need not grow.
func (d *Decision) weights(r *reading, v *view, gone *cancellation, policy Policy, zero Zero) (all []weight, reasons int) {
	n := 0
	for _, since := range v.since {
		if since {
			n++
		}
	}
	all = make([]weight, 0, n)
	for i := range r.commits {
		if !v.since[i] {
			continue
		}
		w := r.weight(i, gone, &policy, zero)
		if m := r.message(i); m != nil && len(m.requested) > 0 && !w.cancelled {
			w.level, w.rule = v.asks(i, &r.commits[i], m.requested, w.level, w.rule, policy)
		}
		if !w.cancelled && w.level > None {
			reasons++
		}
		all = append(all, w)
	}
	return all, reasons
}

// weight weighs one commit.
func (r *reading) weight(i int, gone *cancellation, policy *Policy, zero Zero) weight {
	if m := r.message(i); m != nil {
		return weightOf(m, i, gone, policy, zero)
	}
	level, rule := zero.below(r.gists[i].level, r.gists[i].rule)
	return weight{level: level, rule: rule}
}

// weightOf weighs a message, which is that of the commit i of what is cancelled.
func weightOf(m *Message, i int, gone *cancellation, policy *Policy, zero Zero) weight {
	if len(m.Inner) == 0 {
		c := change(m, gone.why(i, -1), policy, zero)
		return weight{level: c.Level, rule: c.Rule, cancelled: c.Cancelled}
	}
	w := weight{cancelled: true}
	for k, part := range m.parts {
		c := change(part, gone.why(i, k), policy, zero)
		w.changes = append(w.changes, c)
		switch {
		case c.Cancelled:
			if w.rule == "" {
				w.rule = c.Rule
			}
			continue
		case !w.cancelled && c.Level <= w.level:
			continue
		}
		w.cancelled, w.level, w.rule = false, c.Level, c.Rule
		if k >= 0 {
			w.rule += ", by " + strconv.Quote(shortened(part.Header, mostExplained)) + " within"
		}
	}
	return w
}

func change(m *Message, why string, policy *Policy, zero Zero) Change {
	c := Change{Span: m.Span, Subject: m.Header, Rule: why, Cancelled: why != ""}
	if !c.Cancelled {
		c.Level, c.Rule = policy.levelOf(m)
		c.Level, c.Rule = zero.below(c.Level, c.Rule)
	}
	return c
}
