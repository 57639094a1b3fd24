package changelog

import "slices"

// leave finds the members of a fixed group that its last release has left behind: those that had the version of the one that was
// released, or came with it for the first time, and do not have the new one. Members that were never in step are brought together by
// the next release.
func (u *unit) leave(s *sight, policy Policy) {
	u.target = u.view.previous
	if channel := policy.channel(); channel != "" {
		u.target = u.view.prerelease
	}
	if u.group.Kind != Fixed || u.target.Version == nil || !u.target.Reachable {
		return
	}
	u.leader = u.members[slices.IndexFunc(u.members, func(m int) bool {
		return slices.ContainsFunc(s.views[m].tags, func(t Tag) bool { return t.Name == u.target.Name })
	})]
	for _, m := range u.members {
		v := s.views[m]
		if v.has(u.target.Version) || !u.inStep(s, m) {
			continue
		}
		if h := v.highest().Version; h == nil || !h.GreaterThan(u.target.Version) { // or it is ahead on a channel
			u.left = append(u.left, m)
		}
	}
}

// inStep reports whether a member should have the target of its group: it had a version of the leader before, or it is one step below
// the first release of the leader, which came later. One without a release should have it where the target came with its commits.
func (u *unit) inStep(s *sight, m int) bool {
	v, leader := s.views[m], s.views[u.leader]
	before := v.previous.Version
	if before == nil {
		base := 2 * u.leader
		if u.target.Version.Prerelease() != "" {
			base++
		}
		for i, mine := range v.since {
			if mine && s.reached.from(base, i) {
				return true
			}
		}
		return false
	}
	if leader.has(before) {
		return true
	}
	first := !slices.ContainsFunc(leader.tags, func(t Tag) bool { return t.Version.Prerelease() == "" && t.Version.LessThan(u.target.Version) })
	if !first || s.has(2*m, u.target) {
		return false
	}
	for level := Patch; level <= Major; level++ {
		if next, err := raise(before, level); err == nil && sameBase(next, u.target.Version) {
			return true
		}
	}
	return false
}
