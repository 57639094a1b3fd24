package policy

import (
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Approved asks that before each deployment people have said yes.
type Approved struct {
	// FourEyes asks that the yes of whoever asked for the release does not suffice.
	FourEyes bool
}

// Breaches are the deployments that nobody has to agree to.
func (a Approved) Breaches(s *Subject) []Breach {
	var breaches []Breach
	for _, d := range s.Deployments() {
		eyes := func(p *ledger.Stage) bool { return slices.Contains(p.Traits, stage.FourEyes) }
		switch {
		case !s.guarded(d, Match{Trait: stage.Asks}):
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "without an approval before it",
				"let it need a stage of package stage/approval that must succeed"})
		case a.FourEyes && !s.guarded(d, Match{Trait: stage.Asks, Is: eyes}):
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "with an approval that whoever asks for the release may give alone",
				"set FourEyes in the approval before it"})
		}
	}
	return breaches
}

// to says where a stage deploys to.
func to(s *ledger.Stage) string {
	if s.Environment == "" {
		return ""
	}
	return "to " + s.Environment + " "
}

// Progressive asks that each deployment gives what is new to a part of the users first, and that gates or a person look at it there: a canary. Which
// does is told by the trait stage.Progressive; package stage/deploy says what it takes for that: at most half of the traffic at first, for example.
type Progressive struct{}

// Breaches are the deployments that reach everybody at once, or unseen.
func (Progressive) Breaches(s *Subject) []Breach {
	var breaches []Breach
	for _, d := range s.Deployments() {
		if !slices.Contains(d.Traits, stage.Progressive) {
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "to all at once, or to a part that nobody looks at",
				"give it a strategy with a step that has a part of the traffic, and gates or a pause"})
		}
	}
	return breaches
}

// Gated asks for a gate before each deployment, or within it.
type Gated struct {
	// Names are gates, one of which it must be, by their names. Empty: any gate.
	Names []string
	// Within asks that it is within the deployment, where its strategy asks it under way.
	Within bool
}

// Breaches are the deployments that no gate stands before.
func (g Gated) Breaches(s *Subject) []Breach {
	asks := func(p *ledger.Stage) bool {
		return slices.ContainsFunc(p.Gates, func(name string) bool {
			if name == "" {
				name = p.Name
			}
			return len(g.Names) == 0 || slices.Contains(g.Names, name)
		})
	}
	what, where := "a gate", "before it or within it"
	if len(g.Names) > 0 {
		what = "the gate " + strings.Join(g.Names, " or ")
	}
	if g.Within {
		where = "within it"
	}
	var breaches []Breach
	for _, d := range s.Deployments() {
		if !asks(d) && (g.Within || !s.guarded(d, Match{Is: asks})) {
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "without " + what + " " + where, "name it in the strategy of the deployment" +
				map[bool]string{false: ", or let it need a stage of package stage/gate"}[g.Within]})
		}
	}
	return breaches
}

// Looks are the deployments.
func (Approved) Looks(s *Subject) []*ledger.Stage { return s.Deployments() }

// Looks are the deployments.
func (Progressive) Looks(s *Subject) []*ledger.Stage { return s.Deployments() }

// Looks are the deployments.
func (Gated) Looks(s *Subject) []*ledger.Stage { return s.Deployments() }
