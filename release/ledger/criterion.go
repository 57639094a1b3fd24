package ledger

import "github.com/davit-sdk/davit/stage"

// Criterion is what a stage decides about a release as a whole. Such a stage does nothing of what the
// release is for: one in which nothing else was done is skipped.
type Criterion string

const (
	// Activate is whether the release may begin.
	Activate Criterion = "activate"
	// Succeed is whether it has succeeded. Such a stage runs although stages that it needs were
	// skipped, if any stage has done something that it needs, directly or through others: neither did
	// what found nothing to do keep the others from their work, nor does it keep them from being judged.
	Succeed Criterion = "succeed"
)

// known reports whether there is such a criterion.
func (c Criterion) known() bool { return c == "" || c == Activate || c == Succeed }

// judges reports whether the stage judges what was done, and so does not mind that one of its needs was
// skipped.
func (s *State) judges(node *Stage, need stage.Outcome) bool {
	return node.Criterion == Succeed && need == stage.Skipped && s.worked(node, make(map[string]bool))
}

// worked reports whether anything was done by the stages that one needs, directly or through others. What
// runs always is none of that.
func (s *State) worked(node *Stage, seen map[string]bool) bool {
	for _, name := range node.Needs {
		if seen[name] {
			continue
		}
		seen[name] = true
		i := s.index[name]
		before, had := &s.Pipeline.Stages[i], &s.Stages[i]
		did := had.Over() && had.Outcome != stage.Skipped && !before.Always && before.Criterion == ""
		if did || s.worked(before, seen) {
			return true
		}
	}
	return false
}
