package changelog

import "fmt"

// Doubts are the names of the tags that have a say in the next version if they can be reached from Head, and of
// which the history tells neither that they can be nor that they cannot: the versions above the last
// release of their component that are not Reachable and on none of the Commits, and, where it is on another branch,
// that release itself and its pre-releases. It is for whoever reads histories, who knows better what is out of reach.
func Doubts(history History, policy Policy) ([]string, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	sight, err := look(history, policy)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range sight.all() {
		for _, t := range v.tags {
			if p := v.previous; p.Version != nil && !t.Version.GreaterThan(p.Version) && (p.Reachable || !sameBase(t.Version, p.Version)) {
				break
			}
			if !t.Reachable {
				names = append(names, t.Name)
			}
		}
	}
	return names, nil
}
