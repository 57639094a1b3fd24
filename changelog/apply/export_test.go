package apply

// WithPoints tells a function of everything that is about to happen and that has happened. It may say that it fails.
func (a Applier) WithPoints(at func(point string) error) Applier {
	a.at = at
	if j, ok := a.Journal.(FileJournal); ok {
		j.at = at
		a.Journal = j
	}
	return a
}
