package releasetest

import "github.com/davit-sdk/davit/release/ledger"

// Bodies are what the law "bodies" writes, and Laws the names of all laws.
func Bodies() []ledger.Body { return filled() }

func Laws() (names []string) {
	for _, l := range laws {
		names = append(names, l.name)
	}
	return names
}

// CheckLaw checks a single law.
func (s Suite) CheckLaw(name string) error {
	for _, l := range laws {
		if l.name == name {
			return l.violation(s)
		}
	}
	panic("there is no law " + name)
}
