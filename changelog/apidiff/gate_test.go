package apidiff_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apidiff"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/gatetest"
)

// report is a report with so many changes of either kind.
func report(incompatible, compatible int) apidiff.Report {
	p := apidiff.Package{Path: "example.org/m"}
	for range incompatible {
		p.Changes = append(p.Changes, apidiff.Change{What: "F: removed", Incompatible: true})
	}
	for range compatible {
		p.Changes = append(p.Changes, apidiff.Change{What: "G: added"})
	}
	return apidiff.Report{Module: "example.org/m", Compared: 1, Packages: []apidiff.Package{p}}
}

// TestJudge has which step is enough for which difference.
func TestJudge(t *testing.T) {
	const (
		none, patch, minor, major = changelog.None, changelog.Patch, changelog.Minor, changelog.Major
		same, added, removed      = "same", "added", "removed"
	)
	differences := map[string]apidiff.Report{same: report(0, 0), added: report(0, 1), removed: report(1, 1)}
	tell := apidiff.Rule{TellAdditions: true}
	shift, stable := apidiff.Rule{Zero: changelog.ZeroShift}, apidiff.Rule{Zero: changelog.ZeroStable}
	for _, c := range []struct {
		from, to, difference string
		rule                 apidiff.Rule
		declared, demanded   changelog.Level
		enough               bool
		why                  string
	}{
		{"1.2.3", "1.2.4", same, apidiff.Rule{}, patch, none, true, "patch is declared, and the API since 1.2.3 demands none"},
		{"1.2.3", "1.2.4", added, apidiff.Rule{}, patch, minor, false, "demands minor (0 incompatible, 1 compatible changes in 1 packages): example.org/m: G: added"},
		{"1.2.3", "1.2.4", added, tell, patch, minor, true, "which may be told alone (0 incompatible, 1 compatible changes in 1 packages): example.org/m: G: added"},
		{"1.2.3", "1.2.4", removed, apidiff.Rule{}, patch, major, false, "patch is declared, and the API since 1.2.3 demands major (1 incompatible, 1 compatible changes in 1 packages): example.org/m: F: removed"},
		{"1.2.3", "1.2.4", removed, tell, patch, major, false, "F: removed"},
		{"1.2.3", "1.3.0", same, apidiff.Rule{}, minor, none, true, "more than that is declared"},
		{"1.2.3", "1.3.0", added, apidiff.Rule{}, minor, minor, true, "minor is declared"},
		{"1.2.3", "1.3.0", removed, apidiff.Rule{}, minor, major, false, "F: removed"},
		{"1.2.3", "2.0.0", removed, apidiff.Rule{}, major, major, true, "major is declared"},
		{"1.2.3", "2.0.0", added, apidiff.Rule{}, major, minor, true, "more than that is declared"},
		{"1.2.3", "2.0.0-beta.1", removed, apidiff.Rule{}, major, major, true, ""},
		{"1.2.3", "1.3.0-beta.2", removed, apidiff.Rule{}, minor, major, false, ""},
		{"1.2.3", "1.2.3-beta.2", added, apidiff.Rule{}, patch, minor, false, ""},
		{"1.2.3", "", same, apidiff.Rule{}, none, none, true, "none is declared"},
		{"1.2.3", "", added, apidiff.Rule{}, none, minor, false, "none is declared"},
		{"1.2.3", "", added, tell, none, minor, false, ""},
		{"1.2.3", "", removed, apidiff.Rule{}, none, major, false, ""},
		{"0.2.3", "0.3.0", removed, apidiff.Rule{}, minor, minor, true, ""},
		{"0.2.3", "0.2.4", removed, apidiff.Rule{}, patch, minor, false, "F: removed"},
		{"0.2.3", "0.2.4", added, apidiff.Rule{}, patch, minor, false, "G: added"},
		{"0.2.3", "0.3.0", removed, apidiff.Rule{Zero: changelog.ZeroMinor}, minor, minor, true, ""},
		{"0.2.3", "0.2.4", added, shift, patch, patch, true, ""},
		{"0.2.3", "0.2.4", removed, shift, patch, minor, false, "F: removed"},
		{"1.2.3", "1.2.4", added, shift, patch, minor, false, ""},
		{"0.2.3", "0.3.0", removed, stable, minor, major, false, ""},
		{"0.2.3", "1.0.0", removed, stable, major, major, true, ""},
		{"0.2.3", "1.0.0", same, apidiff.Rule{}, major, none, true, "more than that is declared"},
	} {
		j := c.rule.Judge(differences[c.difference], decision(c.from, c.to))
		assert.Equal(t, []any{c.declared, c.demanded, c.enough}, []any{j.Declared, j.Demanded, j.Enough}, "%+v: %s", c, j.Why)
		assert.Contains(t, j.Why, c.why)
	}

	// The level of the commits does not count where the version says less.
	d := decision("1.2.3", "1.2.4")
	d.Level = major
	assert.False(t, apidiff.Rule{}.Judge(report(1, 0), d).Enough)

	first := changelog.Decision{Next: semver.MustParse("0.1.0"), Level: patch}
	assert.True(t, apidiff.Rule{}.Judge(report(1, 0), first).Enough)
	j := apidiff.Rule{}.Judge(report(12, 0), decision("1.2.3", "1.2.4"))
	assert.Equal(t, 10, strings.Count(j.Why, "F: removed"))
	assert.True(t, strings.HasSuffix(j.Why, "; and 2 more"), j.Why)
}

// TestGate asks about the previous tag and the head of a decision, by what a repository holds.
func TestGate(t *testing.T) {
	r := newRepository(t)
	r.commit(files{"m.go": "func F() {}"})
	r.run("tag", "v1.0.0")
	added := r.commit(files{"m.go": "func F() {}\nfunc G() {}"})
	removed := r.commit(files{"m.go": "func G() {}"})
	inside := r.commit(files{"m.go": "func F() { println() }"})
	put(t, r.dir, files{"m.go": "this does not build"}) // nobody looks at it
	for name, c := range map[string]struct {
		head, next string
		rule       apidiff.Rule
		want       gate.Outcome
		evidence   []string
	}{
		"removed in a patch":         {removed, "1.0.1", apidiff.Rule{}, gate.Fail, []string{"example.org/m: F: removed"}},
		"removed in a minor release": {removed, "1.1.0", apidiff.Rule{}, gate.Fail, []string{"example.org/m: F: removed"}},
		"removed in a major release": {removed, "2.0.0", apidiff.Rule{}, gate.Pass, nil},
		"removed, nothing released":  {removed, "", apidiff.Rule{}, gate.Fail, []string{"example.org/m: F: removed"}},
		"added in a patch":           {added, "1.0.1", apidiff.Rule{}, gate.Fail, []string{"example.org/m: G: added"}},
		"added in a patch, told":     {added, "1.0.1", apidiff.Rule{TellAdditions: true}, gate.Pass, nil},
		"added in a minor release":   {added, "1.1.0", apidiff.Rule{}, gate.Pass, nil},
		"compatible in a patch":      {inside, "1.0.1", apidiff.Rule{}, gate.Pass, nil},
	} {
		d := decision("1.0.0", c.next)
		d.Head = c.head
		g := apidiff.Gate{Options: apidiff.Options{New: apidiff.Tree{Dir: r.dir}, Env: offline}, Decision: d, Rule: c.rule}
		require.NoError(t, gate.Validate(g), name)
		v := gate.Ask(t.Context(), g, gate.Subject{})
		assert.Equal(t, c.want, v.Outcome, "%s: %s", name, v.Reason)
		require.Len(t, v.Evidence, 1+len(c.evidence), name)
		level := v.Evidence[0]
		assert.Equal(t, c.want == gate.Pass && !c.rule.TellAdditions, level.Value <= level.Limit && level.Samples == 1, name)
		for i, what := range c.evidence {
			assert.Equal(t, what, v.Evidence[i+1].What, name)
			assert.Contains(t, v.Reason, what, name)
		}
	}
	explicit := decision("1.0.0", "1.0.1")
	explicit.Head = added
	g := apidiff.Gate{Options: apidiff.Options{New: apidiff.Tree{Dir: r.dir, Revision: inside}, Env: offline}, Decision: explicit}
	assert.Equal(t, gate.Pass, gate.Ask(t.Context(), g, gate.Subject{}).Outcome, "a revision that is given goes before the decision's head")
}

// The first release has nobody to break, and nothing is loaded for it.
func TestFirstRelease(t *testing.T) {
	g := apidiff.Gate{Options: apidiff.Options{New: apidiff.Tree{Dir: "/nowhere"}}, Decision: changelog.Decision{Next: semver.MustParse("0.1.0")}}
	v := gate.Ask(t.Context(), g, gate.Subject{})
	assert.Equal(t, gate.Pass, v.Outcome, v.Reason)
	assert.Contains(t, v.Reason, "first release")
}

func TestGateValidate(t *testing.T) {
	err := apidiff.Gate{Decision: changelog.Decision{Previous: semver.MustParse("1.0.0")}, Rule: apidiff.Rule{Zero: "often"}}.Validate()
	require.Error(t, err)
	for _, want := range []string{"Rule.Zero:", "Decision.PreviousTag:", "Decision.Head:", "Options:", "New.Dir:"} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, apidiff.Gate{Rule: apidiff.Rule{Zero: "often"}}.Validate(), "Rule.Zero:", "before the first release, too")
	_, err = apidiff.Gate{Decision: decision("1.0.0", "1.0.1")}.Check(t.Context(), gate.Subject{})
	assert.ErrorContains(t, err, "New.Dir:")
}

// A verdict of very many and very long changes can still be recorded.
func TestManyChanges(t *testing.T) {
	var old strings.Builder
	for i := range 30 {
		old.WriteString("func F" + strings.Repeat("ä", 2000) + strings.Repeat("x", i) + "() {}\n")
	}
	o := apidiff.Options{Old: folder(t, files{"m.go": old.String()}), New: folder(t, files{"m.go": "func G() {}"}), Env: offline}
	g := apidiff.Gate{Options: o, Decision: decision("1.0.0", "1.0.1")}
	own, err := g.Check(t.Context(), gate.Subject{})
	require.NoError(t, err)
	assert.Less(t, len(own.Reason), 5<<10)
	v := gate.Ask(t.Context(), g, gate.Subject{})
	assert.Equal(t, gate.Fail, v.Outcome, v.Reason)
	assert.False(t, v.Down, v.Reason)
	assert.Len(t, v.Evidence, 11)
}

// TestKit proves the laws of a gate that apply: it reads no metrics.
func TestKit(t *testing.T) {
	o := apidiff.Options{Old: folder(t, files{"m.go": "func F() {}"}), New: folder(t, files{"m.go": "func F() {}\nfunc G() {}"}), Env: offline}
	with := func(next string, want gate.Outcome) gatetest.Case {
		return gatetest.Case{Name: next, Want: want, New: func(*gatetest.World) gate.Gate {
			return apidiff.Gate{Options: o, Decision: decision("1.0.0", next)}
		}}
	}
	gatetest.Run(t, with("1.1.0", gate.Pass), with("1.0.1", gate.Fail))
}
