package changelog

import "fmt"

// uncounted reports the merges whose own messages would lead to a higher version, where the policy does not let those count: a forge
// writes the title of a pull request there, and the commits that were merged may say less. Of all components each merge is told once.
func (s *sight) uncounted(policy Policy, decided []Decision) (found []Diagnostic) {
	if policy.Messages.Merges == Count {
		return nil
	}
	how := policy.reading()
	how.Merges = Count
	told := map[string]bool{}
	for i := range decided {
		d, zero := &decided[i], ZeroStable
		if s.views[i].unstable(policy) {
			zero = policy.Zero
		}
		for k := range d.Skipped {
			c := &d.Skipped[k]
			if len(c.Parents) < 2 || c.Cancelled || told[c.ID] {
				continue
			}
			var m Message
			c.message(&how, &m)
			if m.Kind != Merging || len(m.Inner) == 0 {
				continue
			}
			level := weightOf(&m, 0, nil, &policy, zero).level
			if level <= d.Level {
				continue
			}
			told[c.ID] = true
			release := "nothing is released"
			if d.Level > None {
				release = "the release is " + d.Level.String()
			}
			found = append(found, Diagnostic{Commit: c.ID, Code: CodeUncounted, Span: m.Inner[0].Span, Text: fmt.Sprintf(
				"the merge says %s, which is %s, and %s by the commits that were merged: say it in one of those, or let merges count by Messages.Merges",
				inQuotes(m.Inner[0].Header), level, release)})
		}
	}
	return found
}
