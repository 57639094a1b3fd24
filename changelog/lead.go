package changelog

import (
	"strings"
	"time"
)

// Lead is a commit as the lead time to its deployment is measured from.
type Lead struct {
	Commit string `json:"commit"`
	// Authored is when the change was written, and Committed when the commit got its place in the history:
	// a rebase or a squash makes it later.
	Authored  time.Time `json:"authored,omitzero"`
	Committed time.Time `json:"committed,omitzero"`
	// Originals are the ids of the commits that it was picked from, as "(cherry picked from commit …)" says.
	Originals []string `json:"originals,omitempty"`
}

// Leads are all commits that the release brings, whether they call for it or not, but no merges and none that were taken
// back: those that call for it first, and of both the newest first.
func (d Decision) Leads() []Lead {
	var all []Lead
	d.each(func(c Commit, _ Message, _ bool) { all = append(all, leadOf(&c)) })
	return all
}

// Leads are those of all components, each commit once.
func (p Plan) Leads() []Lead {
	var all []Lead
	p.each(func(c Commit, _ Message, _ bool) { all = append(all, leadOf(&c)) })
	return all
}

func leadOf(c *Commit) Lead {
	l := Lead{Commit: c.ID, Authored: c.Authored, Committed: c.Committed}
	for line := range strings.Lines(c.Text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "(cherry picked from commit ")
		if id, closed := strings.CutSuffix(rest, ")"); ok && closed && len(id) >= shortestID && isAll(id, isHex) {
			l.Originals = append(l.Originals, strings.ToLower(id))
		}
	}
	return l
}

// each goes over the commits that a release brings, with what their messages say and whether they call for it. Merges do not
// count, nor what was taken back.
func (d Decision) each(visit func(c Commit, m Message, calls bool)) {
	see := func(c Commit, calls bool) {
		if m := c.Message(d.Messages); len(c.Parents) < 2 && (m.Kind != Merging || calls) {
			visit(c, m, calls)
		}
	}
	for _, r := range d.Reasons {
		see(r.Commit, true)
	}
	for _, s := range d.Skipped {
		if !s.Cancelled {
			see(s.Commit, false)
		}
	}
}

// each goes over the commits of all components that are released, each commit once: one that calls for a
// release of any of them is one that calls.
func (p Plan) each(visit func(c Commit, m Message, calls bool)) {
	seen := map[string]bool{}
	for _, wanted := range []bool{true, false} {
		for _, d := range p.Components {
			if d.Next == nil {
				continue
			}
			d.each(func(c Commit, m Message, calls bool) {
				if calls == wanted && !seen[c.ID] {
					seen[c.ID] = true
					visit(c, m, calls)
				}
			})
		}
	}
}
