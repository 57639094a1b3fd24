package changelog

import "strings"

// Signals are what a release says of the ones before it: that some of their changes failed.
type Signals struct {
	// Reverts are the commits that take back something that was released.
	Reverts []Signal `json:"reverts,omitempty"`
	// Hotfixes are the commits that mend in a hurry what was released.
	Hotfixes []Signal `json:"hotfixes,omitempty"`
}

// Signal is a commit that says that an earlier change failed.
type Signal struct {
	Commit  string `json:"commit"`
	Subject string `json:"subject"`
	// Why says by what it is known.
	Why string `json:"why"`
	// Of are the ids of the commits that a revert names, perhaps shortened, and Requests its pull requests: "#12".
	Of       []string `json:"of,omitempty"`
	Requests []string `json:"requests,omitempty"`
}

// Signals finds reverts of what was released, and hotfixes. A hotfix is a commit of the type hotfix, with the scope
// hotfix, or with a footer "Hotfix: …", and a merge of a branch that is called hotfix, or lies in a folder of that name. A revert that was
// cancelled within the release is no signal: nobody ever had what it takes back.
func (d Decision) Signals() Signals {
	var s Signals
	d.each(func(c Commit, m Message, _ bool) { s.add(c, m) })
	s.merges(d.Skipped, map[string]bool{})
	return s
}

// Signals are those of all components, each commit once.
func (p Plan) Signals() Signals {
	var s Signals
	p.each(func(c Commit, m Message, _ bool) { s.add(c, m) })
	seen := map[string]bool{}
	for _, d := range p.Components {
		if d.Next != nil {
			s.merges(d.Skipped, seen)
		}
	}
	return s
}

func (s *Signals) add(c Commit, m Message) {
	for _, change := range m.Changes() {
		if change.isRevert() {
			if _, again := change.bringsBack(); !again {
				s.Reverts = append(s.Reverts, Signal{
					Commit: c.ID, Subject: change.Header, Why: "takes back what was released", Of: change.Reverts, Requests: change.RevertedRequests,
				})
				continue
			}
		}
		why := ""
		switch {
		case change.Type == "hotfix":
			why = "its type is hotfix"
		case strings.EqualFold(change.Scope, "hotfix"):
			why = "its scope is hotfix"
		}
		for _, f := range change.Footers {
			if why == "" && f.Is("Hotfix") {
				why = "it has a footer Hotfix"
			}
		}
		if why != "" {
			s.Hotfixes = append(s.Hotfixes, Signal{Commit: c.ID, Subject: change.Header, Why: why})
		}
	}
}

// merges adds the merges of branches for hotfixes.
func (s *Signals) merges(skipped []Skipped, seen map[string]bool) {
	for _, c := range skipped {
		if c.Cancelled || seen[c.ID] || !isMergeHeader(c.Subject) {
			continue
		}
		seen[c.ID] = true
		if merged := mergedBranch(c.Subject); isHotfixBranch(merged) {
			s.Hotfixes = append(s.Hotfixes, Signal{Commit: c.ID, Subject: c.Subject, Why: "merges the branch " + merged})
		}
	}
}

// mergedBranch is the branch that the header of a merge names: Merge branch 'hotfix/x' into main, Merge pull request #1 from o/hotfix/x.
func mergedBranch(header string) string {
	if _, rest, ok := strings.Cut(header, "'"); ok {
		branch, _, _ := strings.Cut(rest, "'")
		return branch
	}
	if _, rest, ok := strings.Cut(header, " from "); ok {
		return firstWord(rest)
	}
	return ""
}

func isHotfixBranch(branch string) bool {
	for part := range strings.SplitSeq(strings.ToLower(branch), "/") {
		if part == "hotfix" || part == "hotfixes" || strings.HasPrefix(part, "hotfix-") {
			return true
		}
	}
	return false
}
