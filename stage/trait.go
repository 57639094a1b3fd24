package stage

import "slices"

// Trait is what a stage does that rules about whole pipelines ask for: whether it changes what users get, whether people have a say. Package
// github.com/davit-sdk/davit/release/policy holds pipelines against such rules. A trait changes nothing of how the stage is run.
type Trait string

const (
	// Deploys: it changes what runs in its environment.
	Deploys Trait = "deploys"
	// Progressive: it gives what is new to a part of the users first, and goes on from there only when gates agree or a person says so.
	Progressive Trait = "progressive"
	// Asks: it does nothing else than to ask people, and succeeds only when they say yes.
	Asks Trait = "asks"
	// FourEyes: the yes of whoever asked for the release does not count.
	FourEyes Trait = "four-eyes"
	// Builds: it makes an artifact.
	Builds Trait = "builds"
	// Holds: it does nothing else than to wait, until a time comes or something opens. Its waits are no work.
	Holds Trait = "holds"
	// Judges: it does nothing else than to ask whether the release may go on as things stand at that moment, so its answer says nothing of later.
	Judges Trait = "judges"
)

// AllTraits are all traits that there are.
func AllTraits() []Trait { return []Trait{Deploys, Progressive, Asks, FourEyes, Builds, Holds, Judges} }

// Traiter names the traits of the stage. As with the other abilities, it always answers the same.
type Traiter interface{ Traits() []Trait }

// Traits are the traits that a stage names, and [Builds] where it writes an [Artifact]; none where it is no Traiter and writes none.
func Traits(s Stage) []Trait {
	traits := declaredTraits(s)
	made := Built.Ref().Type
	if !slices.Contains(traits, Builds) && slices.ContainsFunc(Writes(s), func(r Ref) bool { return r.Type == made }) {
		traits = append(traits, Builds)
	}
	return traits
}

// declaredTraits are the traits that a stage names itself.
func declaredTraits(s Stage) []Trait {
	if t, ok := As[Traiter](s); ok {
		return slices.Clone(t.Traits())
	}
	return nil
}
