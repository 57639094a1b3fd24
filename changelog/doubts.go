package changelog

import "fmt"

// Doubts are the names of the tags that have a say in the next version if they can be reached from Head, and of
// which the history tells neither that they can be nor that they cannot: the versions above the last
// release of their component that are not Reachable and on none of the Commits. It is for whoever reads
// histories, and leaves out what is known to be out of reach.
func Doubts(history History, policy Policy) ([]string, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	sight, err := look(history, policy)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range sight.views {
		for _, t := range v.tags {
			if v.previous.Version != nil && !t.Version.GreaterThan(v.previous.Version) {
				break
			}
			if !t.Reachable {
				names = append(names, t.Name)
			}
		}
	}
	return names, nil
}
