package changelog

import "strings"

// Scope compares what was planned for a release with what its commits say they do.
type Scope struct {
	// Done are the planned ones that commits refer to, in the order of the plan.
	Done []ScopeItem `json:"done,omitempty"`
	// Missing are the planned ones that no commit refers to.
	Missing []string `json:"missing,omitempty"`
	// Unplanned are the commits that call for a release and refer to nothing that was planned.
	Unplanned []UnplannedChange `json:"unplanned,omitempty"`
}

// ScopeItem is a planned feature or fix with the commits that refer to it.
type ScopeItem struct {
	Planned string   `json:"planned"`
	Commits []string `json:"commits"`
}

// UnplannedChange is a commit that is not in the plan.
type UnplannedChange struct {
	Commit  string `json:"commit"`
	Subject string `json:"subject"`
	// References are what the commit refers to instead.
	References []string `json:"references,omitempty"`
}

// Complete reports whether all that was planned is done and nothing else is.
func (s Scope) Complete() bool { return len(s.Missing) == 0 && len(s.Unplanned) == 0 }

// Scope compares the release with the ids of the features and fixes that are planned for it: "#12" or "12", "owner/name#12", "ABC-3",
// in any case of letters, as commits refer to them at the end of their description or in footers such as "Closes: #12". What was
// taken back is not done.
func (d Decision) Scope(planned []string) Scope { return scopeOf(planned, d.each) }

// Scope compares the releases of all components with what is planned, each commit once.
func (p Plan) Scope(planned []string) Scope { return scopeOf(planned, p.each) }

func scopeOf(planned []string, each func(func(Commit, Message, bool))) Scope {
	var s Scope
	commits := map[string][]string{}
	for _, id := range planned {
		commits[plannedID(id)] = nil
	}
	each(func(c Commit, m Message, calls bool) {
		var refers []string
		found := false
		for _, change := range m.Changes() {
			for _, r := range change.References() {
				id := plannedID(r.Target)
				refers = append(refers, r.Target)
				known, ok := commits[id]
				found = found || ok
				if ok && (len(known) == 0 || known[len(known)-1] != c.ID) {
					commits[id] = append(known, c.ID)
				}
			}
		}
		if calls && !found {
			s.Unplanned = append(s.Unplanned, UnplannedChange{Commit: c.ID, Subject: m.Header, References: refers})
		}
	})
	seen := map[string]bool{}
	for _, id := range planned {
		switch known := commits[plannedID(id)]; {
		case seen[plannedID(id)]:
		case len(known) == 0:
			s.Missing = append(s.Missing, id)
		default:
			s.Done = append(s.Done, ScopeItem{Planned: id, Commits: known})
		}
		seen[plannedID(id)] = true
	}
	return s
}

// plannedID is an id as it is compared.
func plannedID(id string) string {
	id = strings.ToLower(strings.TrimSpace(id))
	if isAll(id, isDigit) {
		return "#" + id
	}
	return id
}
