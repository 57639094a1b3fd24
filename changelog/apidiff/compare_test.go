package apidiff_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apidiff"
)

// TestDifferences has each rule of what is compared, and what is compatible.
func TestDifferences(t *testing.T) {
	one := func(text string) files { return files{"m.go": text} }
	v2 := "module example.org/m/v2\n\ngo 1.26\n"
	for name, c := range map[string]struct {
		old, new files
		want     []string
		level    changelog.Level
	}{
		"nothing":                  {one("func F() {}"), one("func F() { println() }"), []string{}, changelog.None},
		"removed":                  {one("func F() {}\nfunc G() {}"), one("func G() {}"), []string{"! m: F: removed"}, changelog.Major},
		"added":                    {one("func F() {}"), one("func F() {}\nfunc G() {}"), []string{"+ m: G: added"}, changelog.Minor},
		"both":                     {one("func F() {}"), one("func G() {}"), []string{"! m: F: removed", "+ m: G: added"}, changelog.Major},
		"changed":                  {one("func F() {}"), one("func F(n int) {}"), []string{"! m: F: changed from func() to func(int)"}, changelog.Major},
		"not exported":             {one("func f() {}\ntype t struct{}"), one("func g() {}"), []string{}, changelog.None},
		"a field":                  {one("type T struct{ A int }"), one("type T struct{ A, B int }"), []string{"+ m: T.B: added"}, changelog.Minor},
		"a method of an interface": {one("type T interface{ A() }"), one("type T interface{ A(); B() }"), []string{"! m: T.B: added"}, changelog.Major},
		"a constant":               {one("const A = 1"), one("const A = 2"), []string{"! m: A: value changed from 1 to 2"}, changelog.Major},

		"a package more": {one("func F() {}"), files{"m.go": "func F() {}", "a/a.go": "func A() {}"}, []string{"+ m/a: package added"}, changelog.Minor},
		"a package less": {files{"m.go": "func F() {}", "a/a.go": "func A() {}"}, one("func F() {}"), []string{"! m/a: package removed"}, changelog.Major},
		"an internal package": {
			files{"m.go": "func F() {}", "internal/a/a.go": "func A() {}", "b/internal/b.go": "func B() {}"},
			one("func F() {}"), []string{}, changelog.None,
		},
		"a program": {files{"m.go": "func F() {}", "cmd/c/c.go": "package main\nfunc F() {}\nfunc main() {}"}, one("func F() {}"), []string{}, changelog.None},
		"tests": {
			files{"m.go": "func F() {}", "m_test.go": "package m_test\nfunc T() {}", "a/a_test.go": "func A() {}", "testdata/t.go": "func X() {}"},
			files{"m.go": "func F() {}", "in_test.go": "func T() {}"}, []string{}, changelog.None,
		},
		"a nested module": {files{"m.go": "func F() {}", "a/go.mod": "module example.org/m/a", "a/a.go": "func A() {}"}, one("func F() {}"), []string{}, changelog.None},
		"a new module of its own": {
			files{"m.go": "func F() {}", "a/a.go": "func A() {}"}, files{"m.go": "func F() {}", "a/go.mod": "module example.org/m/a", "a/a.go": "func A() {}"},
			[]string{"! m/a: package removed"}, changelog.Major,
		},

		"a type through an internal alias": {
			files{"m.go": "package m\nimport \"example.org/m/internal/a\"\ntype T = a.T", "internal/a/a.go": "type T struct{ N int }\nfunc (T) M() {}\nfunc (*T) P() {}\ntype U struct{ N int }"},
			files{"m.go": "package m\nimport \"example.org/m/internal/a\"\ntype T = a.T", "internal/a/a.go": "type T struct{ N string; O int }\ntype U struct{}"},
			[]string{"! m/internal/a: (*T).P: removed", "! m/internal/a: T.M: removed", "! m/internal/a: T.N: changed from int to string", "+ m/internal/a: T.O: added"}, changelog.Major,
		},
		"a type through a field of a result": {
			files{"m.go": "package m\nimport \"example.org/m/internal/a\"\ntype t struct{ F []map[string]*a.T }\nfunc F() *t { return nil }", "internal/a/a.go": "type T struct{ N int }"},
			files{"m.go": "package m\nimport \"example.org/m/internal/a\"\ntype t struct{ F []map[string]*a.T }\nfunc F() *t { return nil }", "internal/a/a.go": "type T struct{}"},
			[]string{"! m/internal/a: T.N: removed"}, changelog.Major,
		},
		"a type that nobody sees": {
			files{"m.go": "package m\nimport \"example.org/m/internal/a\"\ntype T struct{ t a.T }", "internal/a/a.go": "type T struct{ N int }"},
			files{"m.go": "package m\nimport \"example.org/m/internal/a\"\ntype T struct{ t a.T }", "internal/a/a.go": "type T struct{}"},
			[]string{}, changelog.None,
		},

		"an alias for a renamed type":     {one("type T struct{ A int }"), one("type U struct{ A int }\ntype T = U"), []string{"+ m: U: added"}, changelog.Minor},
		"another alias":                   {one("type A int\ntype B int\ntype T = A"), one("type A int\ntype B int\ntype T = B"), []string{"! m: T: changed from A to B"}, changelog.Major},
		"a generic alias":                 {one("type A[V any] struct{ N V }\ntype T[V any] = A[V]"), one("type A[V any] struct{ N V }\ntype T[W any] = A[W]"), []string{}, changelog.None},
		"a generic alias, tighter":        {one("type A[V any] struct{ N V }\ntype T[V any] = A[V]"), one("type A[V any] struct{ N V }\ntype T[V comparable] = A[V]"), []string{"! m: T: type parameters changed from [V any] to [V comparable]"}, changelog.Major},
		"a generic alias, looser":         {one("type T[V comparable] = []V"), one("type T[V any] = []V"), []string{"+ m: T: type parameters changed from [V comparable] to [V any]"}, changelog.Minor},
		"a generic alias of more":         {one("type T[V any] = []V"), one("type T[V, W any] = []V"), []string{"! m: T: type parameters changed from [V any] to [V any, W any]"}, changelog.Major},
		"a generic alias of none":         {one("type T[V any] = []int"), one("type T = []int"), []string{"! m: T: type parameters changed from [V any] to []"}, changelog.Major},
		"a generic alias of another type": {one("type T[V any] = []V"), one("type T[V any] = []int"), []string{"! m: T: changed from []V to []int"}, changelog.Major},
		"an alias of a generic":           {one("type A[V any] struct{ N V }\ntype T = A[int]"), one("type A[V any] struct{ N V }\ntype T = A[string]"), []string{"! m: T: changed from A[int] to A[string]"}, changelog.Major},

		"a generic field":                  {one("type T[V any] struct{ A V }"), one("type T[V any] struct{ A []V }"), []string{"! m: T.A: changed from V to []V"}, changelog.Major},
		"a type parameter renamed":         {one("func F[K comparable, V []K](k K, v V) {}"), one("func F[A comparable, B []A](k A, v B) {}"), []string{}, changelog.None},
		"type parameters that swap names":  {one("func F[K comparable, V []K](k K, v V) {}"), one("func F[V comparable, K []V](k V, v K) {}"), []string{}, changelog.None},
		"a tighter constraint":             {one("func F[V any](v V) {}"), one("func F[V comparable](v V) {}"), []string{"! m: F: type parameters changed from [V any] to [V comparable]"}, changelog.Major},
		"a looser constraint":              {one("func F[V comparable](v V) {}"), one("func F[V any](v V) {}"), []string{"+ m: F: type parameters changed from [V comparable] to [V any]"}, changelog.Minor},
		"a type parameter more":            {one("func F(n int) {}"), one("func F[V any](n int) {}"), []string{"! m: F: type parameters changed from [] to [V any]"}, changelog.Major},
		"a type parameter less":            {one("func F[V any](n int) {}"), one("func F(n int) {}"), []string{"! m: F: type parameters changed from [V any] to []"}, changelog.Major},
		"a smaller set of types":           {one("type N interface{ ~int | ~string }"), one("type N interface{ ~int }"), []string{"! m: N: set of types changed from comparable; ~int | ~string to comparable; ~int"}, changelog.Major},
		"a smaller set by what it embeds":  {one("type n interface{ int | string }\ntype N interface{ n }"), one("type n interface{ int }\ntype N interface{ n }"), []string{"! m: N: set of types changed from comparable; int | string to comparable; int"}, changelog.Major},
		"the same set in another order":    {one("type N interface{ ~int | ~string }"), one("type N interface{ ~string | ~int }"), []string{}, changelog.None},
		"comparable":                       {one("type N interface{ M() }"), one("type N interface{ comparable; M() }"), []string{"! m: N: set of types changed from all types to comparable"}, changelog.Major},
		"an interface that embeds another": {one("type N interface{ M() }"), one("type O interface{ M() }\ntype N interface{ O }"), []string{"+ m: O: added"}, changelog.Minor},

		"a second major version": {
			files{"go.mod": v2, "m.go": "package m\nimport \"example.org/m/v2/a\"\nfunc F() a.T { return 0 }", "a/a.go": "type T int"},
			files{"go.mod": v2, "m.go": "package m\nimport \"example.org/m/v2/a\"\nfunc F() a.T { return 0 }", "a/a.go": "type T int\ntype U int"},
			[]string{"+ m/v2/a: U: added"}, changelog.Minor,
		},
		"from one to the next": {
			one("func F() {}"), files{"go.mod": v2, "m.go": "func F() {}"}, []string{"! m/v2: module: path changed from example.org/m"}, changelog.Major,
		},
		"programs alone": {files{"c.go": "package main\nfunc main() {}"}, files{"c.go": "package main\nfunc main() {}\nfunc F() {}"}, []string{}, changelog.None},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := compared(t, c.old, c.new)
			require.NoError(t, err)
			assert.Equal(t, c.want, lines(r))
			assert.Equal(t, c.level, r.Level())
			text, err := json.Marshal(r)
			require.NoError(t, err)
			var back apidiff.Report
			require.NoError(t, json.Unmarshal(text, &back))
			assert.Equal(t, r, back)
		})
	}
}

// TestTargets compares what is built for each target, and says for which a change was seen.
func TestTargets(t *testing.T) {
	old := files{
		"m.go": "func F() {}", "m_linux.go": "func L() {}", "m_windows.go": "func W() {}", "tagged.go": "//go:build extra\n\npackage m\n\nfunc X() {}",
		"only/o_windows.go": "func O() {}",
	}
	new := files{"m.go": "func G() {}"}
	linux, windows := apidiff.Target{OS: "linux", Arch: "amd64"}, apidiff.Target{OS: "windows", Arch: "amd64"}
	tagged := apidiff.Target{OS: "linux", Arch: "amd64", Tags: []string{"extra"}}
	for name, c := range map[string]struct {
		targets []apidiff.Target
		want    []string
	}{
		"linux":  {[]apidiff.Target{linux}, []string{"! m: F: removed", "! m: L: removed", "+ m: G: added"}},
		"a tag":  {[]apidiff.Target{tagged}, []string{"! m: F: removed", "! m: L: removed", "! m: X: removed", "+ m: G: added"}},
		"two":    {[]apidiff.Target{linux, windows}, []string{"! m: F: removed", "! m: L: removed (linux/amd64)", "! m: W: removed (windows/amd64)", "+ m: G: added", "! m/only: package removed (windows/amd64)"}},
		"by far": {[]apidiff.Target{{OS: "plan9", Arch: "386"}}, []string{"! m: F: removed", "+ m: G: added"}},
	} {
		r, err := compared(t, old, new, c.targets...)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, lines(r), name)
		assert.Len(t, r.Targets, len(c.targets), name)
	}
	_, err := compared(t, old, new, apidiff.Target{OS: "nowhere", Arch: "amd64"})
	var broken *apidiff.BuildError
	assert.ErrorAs(t, err, &broken, "there is no such system")
}

// TestReport tells its changes to people.
func TestReport(t *testing.T) {
	r, err := compared(t, files{"m.go": "func F() {}", "a/a.go": "func A() {}"}, files{"m.go": "func G() {}", "a/a.go": "func A() {}"})
	require.NoError(t, err)
	assert.Equal(t, "example.org/m: 1 incompatible, 1 compatible changes\nexample.org/m\n  ! F: removed\n  + G: added\n", r.String())
	assert.Equal(t, 2, r.Compared)
	assert.Equal(t, []string{"default"}, r.Targets)
}
