package ledger

import (
	"slices"

	"github.com/davit-sdk/davit/stage"
)

// otherEyes reports whether a stage has counted the yes of people in view of who asked for the release, and
// somebody else asks now.
func (f *fork) otherEyes(node *Stage) bool {
	return slices.Contains(node.Traits, stage.FourEyes) && f.new.Release.RequestedBy != f.old.Release.RequestedBy
}

// otherEnds reports whether a stage has asked people, and a deployment behind it is another one than it was then.
func (f *fork) otherEnds(node *Stage) bool {
	if !slices.Contains(node.Traits, stage.Asks) {
		return false
	}
	var then []*Stage // only where it is needed
	for _, is := range approves(f.new.Pipeline.Stages, node.Name) {
		if then == nil {
			then = approves(f.old.Pipeline.Stages, node.Name)
		}
		if !slices.ContainsFunc(then, is.sameDeployment) {
			return true
		}
	}
	return false
}

// approves are the deployments that a yes to a stage lets begin: all behind it, directly or through others, but those that come after another
// deployment and a further question to people. The stages are in an order in which each comes after all that it needs.
func approves(stages []Stage, name string) []*Stage {
	first := map[string]bool{name: true} // nothing was deployed on some way there
	later := make(map[string]bool)       // something was
	var all []*Stage
	for i := range stages {
		node := &stages[i]
		deploys := slices.Contains(node.Traits, stage.Deploys)
		fresh := slices.ContainsFunc(node.Needs, func(need string) bool { return first[need] })
		after := slices.ContainsFunc(node.Needs, func(need string) bool { return later[need] })
		if deploys && (fresh || after) {
			all = append(all, node)
		}
		first[node.Name] = first[node.Name] || fresh && !deploys
		later[node.Name] = fresh && deploys || after && !slices.Contains(node.Traits, stage.Asks)
	}
	return all
}

// sameDeployment reports whether a stage deploys what another one did, to the same place, and with no less care.
func (p *Stage) sameDeployment(was *Stage) bool {
	return p.Name == was.Name && p.Environment == was.Environment && p.each() == was.each() &&
		within(was.Traits, p.Traits) && within(was.Gates, p.Gates) && within(p.Reads, was.Reads) && slices.Contains(was.Traits, stage.Deploys)
}

// each is the key of the list for whose items the stage is made; zero where it is one stage.
func (p *Stage) each() stage.Ref {
	if p.Each == nil {
		return stage.Ref{}
	}
	return p.Each.Key
}

// within reports whether all of some are among others.
func within[T comparable](some, others []T) bool {
	return !slices.ContainsFunc(some, func(one T) bool { return !slices.Contains(others, one) })
}

// moments lets what runs anew wait once more for the times that it had to wait for, and the gates be asked that had to pass before it: that
// something was open, or well, when the old release came there says nothing of now. Such a stage runs anew where one that does is behind it, and that comes to need it itself, as those in between are perhaps
// taken over. It was for the first deployment behind it, so what comes after one that is taken over does not wait for it; a criterion is for all.
func (f *fork) moments() {
	stages := slices.Clone(f.new.Pipeline.Stages)
	f.new.Pipeline.Stages = stages
	for i := range stages {
		w := &stages[i]
		if !f.copied[w.Name] || !slices.Contains(w.Traits, stage.Holds) && !slices.Contains(w.Traits, stage.Judges) {
			continue
		}
		through := map[string]bool{w.Name: true}
		for j := i + 1; j < len(stages); j++ {
			node := &stages[j]
			switch {
			case node.Always || node.Criterion == Succeed || !slices.ContainsFunc(node.Needs, func(need string) bool { return through[need] }):
			case f.copied[node.Name]:
				through[node.Name] = w.Criterion == Activate || !slices.Contains(node.Traits, stage.Deploys)
			default:
				delete(f.copied, w.Name)
				if !slices.Contains(node.Needs, w.Name) {
					node.Needs = append(slices.Clone(node.Needs), w.Name)
				}
			}
		}
	}
}
