package policy

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/release/ledger"
)

// Reversible asks that each deployment can be taken back: that its stage can undo what it did and does not run Always, since what does is not undone;
// that it is not Irreversible, and that no stage is but those that begin only when it is over: nothing at all is undone once such a stage
// has begun.
type Reversible struct {
	// Automatic also asks that it is taken back by itself: that OnFailure is Undo of the deployment and of each stage that does not run
	// Always and can end while it is deployed, which are all but those that are over before it begins; and that an abort takes it back, too.
	Automatic bool
}

// Breaches are the deployments without a way back.
func (r Reversible) Breaches(s *Subject) []Breach {
	var breaches []Breach
	deployments := s.Deployments()
	for _, d := range deployments {
		if !d.CanUndo {
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "and cannot take it back",
				"give it a method Undo, or wrap it in a stage.Undoable"})
		}
		if d.Always {
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "and runs Always, so it is never undone", "let it not run Always"})
		}
		if d.Irreversible {
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "and is Irreversible", "put what cannot be taken back behind it, in a stage of its own"})
		}
		for i := range s.Pipeline.Stages {
			if p := &s.Pipeline.Stages[i]; p.Irreversible && p.Name != d.Name && !s.after(p, d) {
				breaches = append(breaches, Breach{d.Name, "it is not taken back once " + p.Name + " has begun, which is Irreversible and does not wait for it", "let " + p.Name + " come after it"})
			}
		}
		if !r.Automatic {
			continue
		}
		for i := range s.Pipeline.Stages {
			if p := &s.Pipeline.Stages[i]; !p.Always && p.OnFailure != ledger.Undo && !s.after(d, p) {
				breaches = append(breaches, Breach{p.Name, fmt.Sprintf("when it fails, what %s did is not taken back", d.Name), "set its OnFailure to Undo"})
			}
		}
	}
	if r.Automatic && len(deployments) > 0 && s.Pipeline.OnAbort == ledger.Stop {
		breaches = append(breaches, Breach{"", "when a person aborts the release, what was deployed is not taken back", "set OnAbort of the pipeline to Undo"})
	}
	return compact(breaches)
}

// Looks are the deployments.
func (Reversible) Looks(s *Subject) []*ledger.Stage { return s.Deployments() }

// after reports whether a stage can begin only when the other one is over.
func (s *Subject) after(p, other *ledger.Stage) bool {
	return s.behind[s.index[p.Name]][s.index[other.Name]]
}

// compact leaves out what was told before.
func compact(breaches []Breach) []Breach {
	var told []Breach
	for _, b := range breaches {
		if !slices.Contains(told, b) {
			told = append(told, b)
		}
	}
	return told
}
