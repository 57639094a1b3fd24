package ledger

// late finds the stages that may begin later than they do in the simulation, as there are some of
// which it is not known how long they take: what needs one of them, directly or through others, and
// what would have to wait for room if all of them were still running.
func (b *builder) late() {
	b.inexact, b.passing = make(map[string]bool), make(map[string]bool)
	uncertain := false
	for i := range b.course.runs {
		name := b.course.runs[i].name
		b.inexact[name] = uncertain && (b.behind(b.course.state.Node(name)) || b.crowded(i))
		uncertain = uncertain || b.open(name)
	}
}

// open reports whether it is not known when a stage ends that runs, and that was looked at already.
func (b *builder) open(name string) bool {
	return b.inexact[name] || b.estimate(b.course.state.Node(name)) == nil
}

// crowded reports whether there might be no room for the i-th run, if all that began before it and of
// which it is not known when they end were still running.
func (b *builder) crowded(i int) bool {
	s, run := b.course.state, b.course.runs[i]
	of, all, beside := s.Node(run.name).Of, 0, 0
	for _, other := range b.course.runs[:i] {
		if run.start < other.end || b.open(other.name) {
			all++
			if of != "" && s.Node(other.name).Of == of {
				beside++
			}
		}
	}
	if all >= s.Pipeline.parallel() {
		return true
	}
	return of != "" && s.Node(of).Each.Parallel > 0 && beside >= s.Node(of).Each.Parallel
}

// behind reports whether the stage needs one of which it is not known when it is over.
func (b *builder) behind(node *Stage) bool {
	for _, need := range node.Needs {
		if b.passes(need) {
			return true
		}
	}
	return false
}

// passes reports whether it is not known when a stage is over.
func (b *builder) passes(name string) bool {
	s := b.course.state
	if _, runs := b.course.place[name]; runs {
		return b.open(name)
	}
	if late, known := b.passing[name]; known {
		return late
	}
	late := !s.Stage(name).Copied && b.behind(s.Node(name))
	for i := range s.made(s.index[name]) {
		late = late || b.open(s.Stages[i].Name)
	}
	b.passing[name] = late
	return late
}
