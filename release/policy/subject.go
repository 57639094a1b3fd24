package policy

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Subject is the pipeline that a demand looks at. It belongs to whoever called, and nobody may change what it gives.
type Subject struct {
	// Service is whose pipeline it is, and Tier how much that matters. Either may be empty: not known.
	Service, Tier string
	// Pipeline is the whole pipeline, with its criteria among the stages, each behind all that it needs.
	Pipeline ledger.Pipeline

	environments []string
	index        map[string]int
	before       []map[int]bool // of each stage: those that must have succeeded for it to begin
	behind       []map[int]bool // of each stage: those that are over before it begins, however they ended
}

// in is the subject for a rule that is about some environments.
func (s Subject) in(environments []string) *Subject {
	s.environments = environments
	return &s
}

func newSubject(service, tier string, p ledger.Pipeline) *Subject {
	s := &Subject{Service: service, Tier: tier, Pipeline: p, index: make(map[string]int)}
	for i := range p.Stages {
		node := &p.Stages[i]
		s.index[node.Name] = i
		before, behind := make(map[int]bool), make(map[int]bool)
		for _, need := range node.Needs {
			j := s.index[need]
			behind[j] = true
			merge(behind, s.behind[j])
			if !binds(node, need) {
				continue
			}
			merge(before, s.before[j])
			if p.Stages[j].OnFailure != ledger.GoOn {
				before[j] = true
			}
		}
		s.before, s.behind = append(s.before, before), append(s.behind, behind)
	}
	return s
}

func merge(into, from map[int]bool) {
	// order: a set is the same in whatever order it is filled
	for i := range from {
		into[i] = true
	}
}

// binds reports whether the stage cannot begin unless the need went well.
func binds(s *ledger.Stage, need string) bool {
	if s.Always || s.Criterion == ledger.Succeed {
		return false
	}
	for _, c := range s.When {
		if c.Stage == need && !slices.Equal(c.Is, []stage.Outcome{stage.Succeeded}) {
			return false
		}
	}
	return true
}

// InScope reports whether the rule is about a stage: where it is for some environments, about those that work in one of them, or do not say where.
func (s *Subject) InScope(node *ledger.Stage) bool {
	return len(s.environments) == 0 || node.Environment == "" || slices.Contains(s.environments, node.Environment)
}

// Matching are the stages in the scope of the rule that match.
func (s *Subject) Matching(m Match) []*ledger.Stage {
	var found []*ledger.Stage
	for i := range s.Pipeline.Stages {
		if node := &s.Pipeline.Stages[i]; s.InScope(node) && m.Matches(node) {
			found = append(found, node)
		}
	}
	return found
}

// Deployments are the stages in the scope of the rule that deploy.
func (s *Subject) Deployments() []*ledger.Stage { return s.Matching(Match{Trait: stage.Deploys}) }

// Before are the stages, in whatever environment, without whose success the stage cannot begin, in the order of the pipeline.
func (s *Subject) Before(node *ledger.Stage) []*ledger.Stage { return s.listed(s.before, node) }

// Behind are the stages that can begin only when the stage is over, however it ended, in the order of the pipeline.
func (s *Subject) Behind(node *ledger.Stage) []*ledger.Stage {
	var found []*ledger.Stage
	at := s.index[node.Name]
	for i := range s.Pipeline.Stages {
		if s.behind[i][at] {
			found = append(found, &s.Pipeline.Stages[i])
		}
	}
	return found
}

func (s *Subject) listed(of []map[int]bool, node *ledger.Stage) []*ledger.Stage {
	var found []*ledger.Stage
	for i := range s.Pipeline.Stages {
		if of[s.index[node.Name]][i] {
			found = append(found, &s.Pipeline.Stages[i])
		}
	}
	return found
}

// guarded reports whether one of the stages before it matches.
func (s *Subject) guarded(node *ledger.Stage, m Match) bool {
	return slices.ContainsFunc(s.Before(node), m.Matches)
}

// Match chooses stages. What is left out chooses all.
type Match struct {
	// Name is the stage's name, or a pattern as path.Match takes it: "scan-*".
	Name string
	// Environment is where it works.
	Environment string
	// Trait is what it does.
	Trait stage.Trait
	// Is is a condition of your own, and As says it in words, behind "a stage": "that charges cards".
	Is func(*ledger.Stage) bool
	As string
}

// Matches reports whether a stage is chosen.
func (m Match) Matches(s *ledger.Stage) bool {
	named := m.Name == ""
	if !named {
		named, _ = path.Match(m.Name, s.Name) // a bad pattern is reported by Validate
	}
	return named && (m.Environment == "" || m.Environment == s.Environment) &&
		(m.Trait == "" || slices.Contains(s.Traits, m.Trait)) && (m.Is == nil || m.Is(s))
}

// String is the choice in words.
func (m Match) String() string {
	words := "a stage"
	if m.Name != "" {
		words += " " + m.Name
	}
	if m.Trait != "" {
		words += " that " + traitWords[m.Trait]
	}
	if m.Environment != "" {
		words += " in " + m.Environment
	}
	if m.Is != nil {
		words += " " + cmp.Or(m.As, "as the rule asks for")
	}
	return strings.TrimSpace(words)
}

var traitWords = map[stage.Trait]string{
	stage.Deploys: "deploys", stage.Progressive: "deploys progressively", stage.Asks: "asks people", stage.FourEyes: "asks with four eyes", stage.Builds: "builds", stage.Holds: "waits for a time", stage.Judges: "asks gates",
}

// validate reports what is wrong with the choice.
func (m Match) validate(field string, bad func(format string, args ...any)) {
	if _, err := path.Match(m.Name, ""); err != nil {
		bad("%s.Name: %q is no pattern", field, m.Name)
	}
	if m.Trait != "" && !slices.Contains(stage.AllTraits(), m.Trait) {
		bad("%s.Trait: there is no trait %q", field, m.Trait)
	}
}
