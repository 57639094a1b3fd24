package changelog

import "fmt"

// Level is how much a change means to the users of what is released.
type Level int

const (
	// None is a change that needs no release.
	None Level = iota
	// Patch is a change that mends something.
	Patch
	// Minor is a change that adds something.
	Minor
	// Major is a change that breaks something.
	Major
)

var levelNames = [...]string{None: "none", Patch: "patch", Minor: "minor", Major: "major"}

// String is the name of the level: "none", "patch", "minor", "major".
func (l Level) String() string {
	if !l.valid() {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

func (l Level) valid() bool { return l >= None && l <= Major }

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) {
	if !l.valid() {
		return nil, fmt.Errorf("%s is no level", l)
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads a level's name.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("level %q: want none, patch, minor or major", text)
}
