package changelog

import "slices"

// merge finds the commits that the last release brought and that the last pre-release does not have, because that release was merged
// after it: whoever has the pre-release gets them with the next one. k is the component's place among the views.
func (d *Decision) merge(s *sight, r *reading, k int, policy *Policy) {
	v := s.views[k]
	if v.merged == nil {
		return
	}
	zero := ZeroStable
	if v.unstable(*policy) {
		zero = policy.Zero
	}
	both := slices.Clone(v.merged) // what was merged may have been taken back since
	for i, fresh := range v.news {
		both[i] = both[i] || fresh
	}
	gone := r.cancel(both, *policy)
	for i := range r.commits {
		if !v.merged[i] {
			continue
		}
		if w := r.weight(i, gone, policy, zero); !w.cancelled && w.level > None {
			d.Merged = append(d.Merged, Reason{Commit: r.commits[i], Subject: r.subject(i), Rule: w.rule, Level: w.level, New: true, Changes: w.changes})
		}
	}
}
