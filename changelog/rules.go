package changelog

// defaultLevels are the levels of the types that everybody knows.
var defaultLevels = map[string]Level{
	"feat": Minor,
	"fix":  Patch, "perf": Patch, "revert": Patch,
	"build": None, "chore": None, "ci": None, "docs": None, "refactor": None, "style": None, "test": None,
}

// defaultRules say it in words, once for all commits.
var defaultRules = rulesOf(defaultLevels)

func rulesOf(levels map[string]Level) map[string]string {
	rules := make(map[string]string, len(levels))
	// order: a map is made of a map
	for name, l := range levels {
		rules[name] = name + " is " + l.String()
	}
	return rules
}

// level is the level of one change, before the Zero policy.
func (p *Policy) level(m *Message) Level {
	if m.Kind == Free && !m.breaks() { // whose rule is long
		return p.Free
	}
	level, _ := p.levelOf(m)
	return level
}

// levelOf is the level of one change and the rule that gives it, before the Zero policy.
func (p *Policy) levelOf(m *Message) (Level, string) {
	switch {
	case m.breaks():
		return Major, "a breaking change is major"
	case m.Kind == Merging:
		return None, m.said(CodeMerge)
	case m.Kind == Autosquash:
		return None, m.said(CodeAutosquash)
	case m.Kind == Free:
		return p.Free, m.whyFree() + "; by the policy it is " + p.Free.String()
	}
	name := m.Type
	if m.Kind == Reverting {
		if again, ok := m.bringsBack(); ok {
			l, rule := p.levelOf(&again)
			return l, "brings back what was taken back: " + rule
		}
		name = "revert"
	}
	if l, ok := p.Types[name]; ok {
		return l, name + " is " + l.String()
	}
	if rule, ok := defaultRules[name]; ok {
		return defaultLevels[name], rule
	}
	return p.Unknown, excerpt(name) + " is a type that the policy does not know, which is " + p.Unknown.String()
}

// said is the text of the first diagnostic of that code.
func (m *Message) said(c Code) string {
	for _, d := range m.Diagnostics {
		if d.Code == c {
			return d.Text
		}
	}
	return ""
}

// whyFree is why the message is not conventional.
func (m *Message) whyFree() string {
	why := m.said(CodeHeader)
	if why == "" {
		why = m.said(CodeEmpty)
	}
	if m.breakingFooter() {
		why += "; its " + breakingSpaced + " is not counted"
	}
	return why
}

// below applies the Zero policy to a level and its rule.
func (z Zero) below(l Level, rule string) (Level, string) {
	switch {
	case l == Major && z != ZeroStable:
		return Minor, rule + ", minor below 1.0.0"
	case l == Minor && z == ZeroShift:
		return Patch, rule + ", patch below 1.0.0"
	}
	return l, rule
}
