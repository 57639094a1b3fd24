package changelog

import (
	"testing"

	"github.com/Masterminds/semver/v3"
)

// TestVersionMachine compares the machine with the parser, on all short texts of one byte of each kind.
func TestVersionMachine(t *testing.T) {
	var texts func(prefix string, n int)
	texts = func(prefix string, n int) {
		state, ok := majorBegins, true
		for i := range len(prefix) {
			if state, ok = versionStep(state, prefix[i]); !ok {
				break
			}
		}
		_, err := semver.StrictNewVersion(prefix)
		if got := ok && versionEnds(state); got != (err == nil) {
			t.Fatalf("%q: the machine says %t, the parser %v", prefix, got, err)
		}
		if n == 0 {
			return
		}
		for _, char := range "01a-.+_" {
			texts(prefix+string(char), n-1)
		}
	}
	texts("", 5)
	for _, begin := range []string{"0.1.", "1.0.0-", "1.0.0+", "1.0.0-a", "10.20.30", "1.0.0-1.", "1.0.0-0", "1.0.0+0"} {
		texts(begin, 4)
	}
}

func FuzzOverlap(f *testing.F) {
	f.Add("v{version}", "v1.2.3-{version}", "v1.2.3-4.5.6")
	f.Add("{version}", "{version}-final", "1.0.0-final")
	f.Add("a{version}b", "a{version}", "a1.0.0b")
	f.Fuzz(func(t *testing.T, one, other, tag string) {
		a, b := TagFormat(one), TagFormat(other)
		if a.Validate() != nil || b.Validate() != nil || len(one)+len(other) > 60 {
			return
		}
		witness, overlaps := overlap(a, b)
		if overlaps && (!a.holds(witness) || !b.holds(witness)) {
			t.Fatalf("%q and %q do not both read %q", one, other, witness)
		}
		if !overlaps && a.holds(tag) && b.holds(tag) {
			t.Fatalf("%q and %q both read %q", one, other, tag)
		}
		if _, again := overlap(b, a); again != overlaps {
			t.Fatalf("%q and %q: the order matters", one, other)
		}
	})
}
