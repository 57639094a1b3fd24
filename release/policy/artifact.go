package policy

import (
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// SameArtifact asks that what is deployed is built once: that all deployments read one and the same artifact, with its digest, and that nothing is
// built between two of them. What was built once for each item of a list is one artifact only for a deployment that is made for each item of the same
// list, and takes its own; elsewhere each deployment could take another one.
type SameArtifact struct{}

// Breaches are the deployments of something else, and what is built between them.
func (SameArtifact) Breaches(s *Subject) []Breach {
	deployments := s.Deployments()
	var breaches []Breach
	first := make(map[string]string) // who reads a key first
	var keys []string
	for _, d := range deployments {
		read := artifacts(d)
		switch {
		case len(read) == 0:
			breaches = append(breaches, Breach{d.Name, "it deploys " + to(d) + "what it does not read as an artifact, so its digest is not known", "let it read the key stage.Built"})
		case len(read) > 1:
			breaches = append(breaches, Breach{d.Name, "it reads several artifacts: " + strings.Join(read, ", "), "let it read the key stage.Built alone"})
		}
		for _, r := range d.Reads {
			if r.Type == several && !s.itemwise(d, r.Name) {
				breaches = append(breaches, Breach{d.Name, "it reads several artifacts: " + r.Name + " has one for each of several items, of which each deployment may take another",
					"let it be made for each item of the same list, or build one artifact"})
			}
		}
		for _, key := range read {
			if first[key] == "" {
				first[key] = d.Name
				keys = append(keys, key)
			}
		}
	}
	if len(keys) > 1 {
		for _, d := range deployments {
			if read := artifacts(d); len(read) == 1 && read[0] != keys[0] {
				breaches = append(breaches, Breach{d.Name, "it deploys the artifact " + read[0] + ", and " + first[keys[0]] + " deploys " + keys[0], "build once, and let both read the same key"})
			}
		}
	}
	for i := range s.Pipeline.Stages {
		b := &s.Pipeline.Stages[i]
		if !slices.Contains(b.Traits, stage.Builds) {
			continue
		}
		if before, after := s.between(b, deployments); before != "" {
			breaches = append(breaches, Breach{b.Name, "it builds between the deployments " + before + " and " + after, "build before the first deployment"})
		}
	}
	return breaches
}

// between names two deployments, the first of which is before a stage and the second behind it. Either may be the stage itself.
func (s *Subject) between(b *ledger.Stage, deployments []*ledger.Stage) (before, after string) {
	at := s.index[b.Name]
	for _, d := range deployments {
		switch i := s.index[d.Name]; {
		case before == "" && (i == at || s.behind[at][i]):
			before = d.Name
		case before != "" && (i == at || s.behind[i][at]):
			return before, d.Name
		}
	}
	return "", ""
}

// several is the type of a key whose value are artifacts by the names of items.
var several = "map[string]" + stage.Built.Ref().Type

// itemwise reports whether a stage is made for each item of the list for whose items the key is written.
func (s *Subject) itemwise(d *ledger.Stage, key string) bool {
	return d.Each != nil && slices.ContainsFunc(s.Pipeline.Stages, func(w ledger.Stage) bool {
		writes := func(r stage.Ref) bool { return r.Name == key }
		return w.Each != nil && w.Each.Key == d.Each.Key && slices.ContainsFunc(w.Writes, writes)
	})
}

// artifacts are the keys of artifacts that a stage reads.
func artifacts(s *ledger.Stage) []string {
	var keys []string
	for _, r := range s.Reads {
		if r.Type == stage.Built.Ref().Type || r.Type == several {
			keys = append(keys, r.Name)
		}
	}
	return keys
}

// Looks are the deployments.
func (SameArtifact) Looks(s *Subject) []*ledger.Stage { return s.Deployments() }
