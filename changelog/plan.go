package changelog

// Plan is which version of each component comes next, with everything that led to it. Its JSON can be
// read back.
type Plan struct {
	// Head is the commit that the plan is about.
	Head string `json:"head,omitempty"`
	// Components are the decisions for the components, in the order of the policy.
	Components []Decision `json:"components"`
	// Umbrella is the decision for the version over all of them, nil unless the policy has one.
	Umbrella *Decision `json:"umbrella,omitempty"`
	// Skipped are the commits since the last release of any component that belong to none of them, in the order
	// of the history. Those that belong to a component are in its Decision.
	Skipped []Skipped `json:"skipped,omitempty"`
	// IgnoredTags are the tags that are written as no component writes its own, where there are several components, by
	// their names. All others are in a Decision.
	IgnoredTags []IgnoredTag `json:"ignored_tags,omitempty"`
	// Diagnostics are what is wrong or odd in the messages, each once.
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// Component is the decision for the component of that name.
func (p Plan) Component(name string) (Decision, bool) {
	for _, d := range p.Components {
		if d.Name == name {
			return d, true
		}
	}
	return Decision{}, false
}

// Level is the highest level of all components: what the whole plan means to users.
func (p Plan) Level() Level {
	level := None
	for _, d := range p.Components {
		level = max(level, d.Level)
	}
	return level
}
