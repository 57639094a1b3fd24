package house_test

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/token"
	"go/types"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// worldly are the imports that a PURE package does without, with all packages below them.
var worldly = []string{
	"C", "crypto/rand", "database/sql", "embed", "expvar", "hash/maphash", "io/ioutil", "log", "math/rand", "net", "os", "path/filepath", "plugin",
	"runtime", "syscall", "testing", "unsafe", "github.com/hashicorp/go-hclog", "golang.org/x/sync",
}

// harmless are the packages below worldly ones that are data in, data out.
var harmless = []string{lots, "net/mail", "net/netip", "net/textproto", "net/url"}

// clocks are the functions that read or wait for the time.
var clocks = map[string][]string{
	"time":    {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "LoadLocation"},
	"context": {"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause", "AfterFunc"},
}

// effects are further functions that a PURE package does not call, and what they do.
var effects = map[string]string{
	"iter.Pull": "runs a coroutine", "iter.Pull2": "runs a coroutine",
	"fmt.Print": "writes", "fmt.Printf": "writes", "fmt.Println": "writes",
	"fmt.Scan": "reads", "fmt.Scanf": "reads", "fmt.Scanln": "reads",
	"(*sync.WaitGroup).Go":     "starts a goroutine",
	"(time.Time).Local":        "depends on the zone of the machine",
	"(*sync.Map).Range":        "has no order",
	"(reflect.Value).MapRange": "has no order",
	"(reflect.Value).MapKeys":  "has no order",
	"(reflect.Value).Seq":      "may have no order",
	"(reflect.Value).Seq2":     "may have no order",
}

// lots are the functions that draw from a source nobody can repeat. A generator with a seed that is an
// input is none.
const lots = "math/rand/v2"

// unordered are the functions that go over a map in no order.
var unordered = map[string][]string{"maps": {"All", "Keys", "Values", "DeleteFunc", "EqualFunc"}}

// order marks a loop over a map whose order cannot leak, and says why.
const order = "// order:"

// impure: a PURE package reads no clock, draws no lots, touches nothing outside, starts nothing, and
// lets no map's order into a result.
func impure(c *typed) []string {
	var broken []string
	for _, p := range c.tree.packages {
		if p.band() != pure {
			continue
		}
		broken = append(broken, divided(c.tree, p)...)
		for _, s := range p.built() {
			check := purity{typed: c, source: s, marked: marks(c.tree, s)}
			check.imports()
			ast.Inspect(s.ast, check.visit)
			broken = append(broken, check.broken...)
		}
	}
	return broken
}

// divided: a PURE package is the same everywhere. A file that is left out on some systems would be
// left out by the rules that need types, too.
func divided(t *tree, p *pkg) []string {
	var broken []string
	for _, s := range p.code() {
		ours, theirs := build.Default, build.Default
		theirs.GOOS, theirs.GOARCH = "plan9", "mips"
		for _, context := range []build.Context{ours, theirs} {
			if context.OpenFile = s.open; !matches(context, p, s) {
				broken = append(broken, s.path+":1: a PURE package is the same everywhere: no file for some systems alone")
				break
			}
		}
		for _, group := range s.ast.Comments {
			for _, c := range group.List {
				for _, word := range []string{"//go:build ", "// +build ", "//go:linkname "} {
					if strings.HasPrefix(c.Text, word) {
						broken = append(broken, fmt.Sprintf("%s: a PURE package does without %s", t.at(c.Pos()), strings.TrimSpace(word)))
					}
				}
			}
		}
	}
	return broken
}

// marks are the lines on which a comment explains an order; it holds for a loop right below it.
func marks(t *tree, s *source) map[int]bool {
	lines := map[int]bool{}
	for _, group := range s.ast.Comments {
		for _, c := range group.List {
			if why, ok := strings.CutPrefix(c.Text, order); ok && strings.TrimSpace(why) != "" {
				lines[t.fset.Position(group.End()).Line+1] = true
			}
		}
	}
	return lines
}

type purity struct {
	*typed
	source *source
	marked map[int]bool
	sorted map[ast.Node]bool // calls whose result is sorted at once
	broken []string
}

func (c *purity) report(n ast.Node, format string, args ...any) {
	c.broken = append(c.broken, c.tree.at(n.Pos())+": "+fmt.Sprintf(format, args...))
}

func (c *purity) imports() {
	imports := c.source.imports()
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if as := imports[name].Name; as != nil && as.Name == "." {
			c.report(imports[name], "a dot import of %s hides where names come from", name)
		}
		for _, w := range worldly {
			if within(name, w) && !slices.Contains(harmless, name) {
				c.report(imports[name], "a PURE package must not import %s", name)
				break
			}
		}
	}
}

func (c *purity) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(n, "a PURE package starts no goroutine")
	case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
		c.report(n, "a PURE package has no channels")
		return false
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.report(n, "a PURE package has no channels")
		}
	case *ast.CallExpr:
		c.call(n)
	case *ast.SelectorExpr:
		c.selector(n)
	case *ast.RangeStmt:
		if _, ok := c.info.TypeOf(n.X).Underlying().(*types.Map); ok && !c.marked[c.tree.fset.Position(n.Pos()).Line] {
			c.report(n, "a loop over a map: sort its keys, or say above it why its order cannot leak, with %q", order+" …")
		}
	}
	return true
}

// call notes the iterators over maps that are sorted: slices.Sorted(maps.Keys(m)).
func (c *purity) call(n *ast.CallExpr) {
	pkg, name := c.function(n.Fun)
	if pkg != "slices" || !strings.HasPrefix(name, "Sorted") || len(n.Args) == 0 {
		return
	}
	if inner, ok := n.Args[0].(*ast.CallExpr); ok {
		if c.sorted == nil {
			c.sorted = map[ast.Node]bool{}
		}
		c.sorted[inner.Fun] = true
	}
}

// function is the package and the name of a function of another package.
func (c *purity) function(n ast.Expr) (pkg, name string) {
	if index, ok := n.(*ast.IndexExpr); ok {
		n = index.X
	}
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	object := c.info.Uses[selector.Sel]
	f, ok := object.(*types.Func)
	if !ok || f.Pkg() == nil || f.Signature().Recv() != nil {
		return "", ""
	}
	return f.Pkg().Path(), f.Name()
}

func (c *purity) selector(n *ast.SelectorExpr) {
	pkg, name := c.function(n)
	switch {
	case pkg == lots && !strings.HasPrefix(name, "New"):
		c.report(n, "a PURE package does not use rand.%s: draw from a generator whose seed is an input", name)
	case slices.Contains(clocks[pkg], name):
		c.report(n, "a PURE package does not use %s.%s: the time is an input", pkg, name)
	case slices.Contains(unordered[pkg], name) && !c.sorted[n] && !c.marked[c.tree.fset.Position(n.Pos()).Line]:
		c.report(n, "%s.%s has no order: sort it at once, or say above it why its order cannot leak, with %q", pkg, name, order+" …")
	}
	switch used := c.info.Uses[n.Sel].(type) {
	case *types.Func:
		if what := effects[used.FullName()]; what != "" {
			c.report(n, "a PURE package does not use %s: it %s", used.FullName(), what)
		}
	case *types.Var:
		if used.Pkg() != nil && used.Pkg().Path() == "time" && used.Name() == "Local" {
			c.report(n, "a PURE package does not use time.Local: the zone is an input")
		}
	}
}

func TestPurity(t *testing.T) {
	keeps(t, typedRule(impure))
	in := func(imports, body string) map[string]string {
		text := "// Package a (PURE) does.\npackage a\n"
		for i := range strings.FieldsSeq(imports) {
			text += "import \"" + i + "\"\n"
		}
		return one("a/a.go", text+body)
	}
	rejects(t, typedRule(impure),
		bad{"the time", in("time", "var F = func() any { return time.Now() }"), []string{"a/a.go:4: a PURE package does not use time.Now"}},
		bad{"the time by another name", one("a/a.go", "// Package a (PURE) does.\npackage a\nimport t \"time\"\nvar F = t.Since"), []string{"time.Since"}},
		bad{"the time without a name", one("a/a.go", "// Package a (PURE) does.\npackage a\nimport . \"time\"\nvar F = Now"), []string{"a dot import of time"}},
		bad{"sleep", in("time", "func F() { time.Sleep(1) }"), []string{"time.Sleep"}},
		bad{"a timer", in("time context", "func F(c context.Context) { time.NewTimer(1); context.WithTimeout(c, 1) }"), []string{"time.NewTimer", "context.WithTimeout"}},
		bad{"lots", in("math/rand/v2", "var F = rand.Int"), []string{"does not use rand.Int: draw from a generator"}},
		bad{"lots of any type", in("math/rand/v2", "var F = rand.N[int]"), []string{"does not use rand.N"}},
		bad{"lots of old", in("math/rand", "var F = rand.New"), []string{"must not import math/rand"}},
		bad{"a generator with a seed", in("math/rand/v2", "func F(seed uint64) float64 { return rand.New(rand.NewPCG(seed, 1)).Float64() }"), nil},
		bad{"keys", in("crypto/rand", "var F = rand.Reader"), []string{"must not import crypto/rand"}},
		bad{"files", in("os", "var F = os.Open"), []string{"must not import os"}},
		bad{"programs", in("os/exec", "var F = exec.Command"), []string{"must not import os/exec"}},
		bad{"the network", in("net/http", "var F = http.Get"), []string{"must not import net/http"}},
		bad{"the system", in("syscall", "var F = syscall.Getpid"), []string{"must not import syscall"}},
		bad{"a goroutine", in("", "func F() { go F() }"), []string{"starts no goroutine"}},
		bad{"channels", in("", "func F() { c := make(chan int); c <- 1; <-c; select {} }"),
			[]string{"has no channels", "has no channels", "has no channels", "has no channels"}},
		bad{"a map", in("", "func F(m map[int]int) (s []int) {\n for k := range m { s = append(s, k) }\n return }"), []string{"a/a.go:4: a loop over a map"}},
		bad{"a named map", in("net/url", "func F(m url.Values) { for range m { } }"), []string{"a loop over a map"}},
		bad{"a mark without a reason", in("", "func F(m map[int]int) {\n// order:\nfor range m { } }"), []string{"a loop over a map"}},
		bad{"a mark elsewhere", in("", "// order: whatever\n\nfunc F(m map[int]int) {\nfor range m { } }"), []string{"a loop over a map"}},
		bad{"an iterator", in("maps slices", "func F(m map[int]int) []int { return slices.Collect(maps.Keys(m)) }"), []string{"maps.Keys has no order"}},
		bad{"a synchronized map", in("sync", "func F(m *sync.Map) { m.Range(func(a, b any) bool { return true }) }"), []string{"does not use (*sync.Map).Range: it has no order"}},
		bad{"a map's order by a callback", in("maps", "func F(m map[int]int) (s []int) { maps.DeleteFunc(m, func(k, v int) bool { s = append(s, k); return false }); return s }"), []string{"maps.DeleteFunc has no order"}},
		bad{"a map's order by a comparison", in("maps", "func F(m map[int]int) { maps.EqualFunc(m, m, func(a, b int) bool { return true }) }"), []string{"maps.EqualFunc has no order"}},
		bad{"a map's order by reflection", in("reflect", "func F(v reflect.Value) { v.Seq2() }"), []string{"(reflect.Value).Seq2"}},
		bad{"a goroutine of a group", in("sync", "func F() { var g sync.WaitGroup; g.Go(F) }"), []string{"(*sync.WaitGroup).Go: it starts a goroutine"}},
		bad{"a goroutine of an embedded group", in("sync", "func F() { var g struct{ sync.WaitGroup }; g.Go(F) }"), []string{"(*sync.WaitGroup).Go"}},
		bad{"a coroutine", in("iter", "func F(s iter.Seq[int]) { iter.Pull(s) }"), []string{"iter.Pull: it runs a coroutine"}},
		bad{"a random seed", in("hash/maphash", "var F = maphash.MakeSeed"), []string{"must not import hash/maphash"}},
		bad{"the zone of the machine", in("time", "var F = time.Unix(0, 0).Local().String()"), []string{"(time.Time).Local: it depends on the zone"}},
		bad{"the zone of the machine by its name", in("time", "var F = time.Unix(0, 0).In(time.Local)"), []string{"time.Local: the zone is an input"}},
		bad{"what somebody types", in("fmt", "func F() (s string) { fmt.Scanln(&s); return s }"), []string{"fmt.Scanln: it reads"}},
		bad{"output", in("fmt", "func F() { fmt.Println() }"), []string{"fmt.Println: it writes"}},
		bad{"a file for another system", map[string]string{
			"a/a.go": "// Package a (PURE) does.\npackage a", "a/a_windows.go": "package a\nfunc F() { go F() }"}, []string{"a/a_windows.go:1: a PURE package is the same everywhere"}},
		bad{"a file for this system", map[string]string{
			"a/a.go": "// Package a (PURE) does.\npackage a", "a/a_" + runtime.GOOS + ".go": "package a"}, []string{"the same everywhere"}},
		bad{"a file with a constraint", one("a/a.go", "//go:build !js\n\n// Package a (PURE) does.\npackage a"), []string{"a/a.go:1: a PURE package does without //go:build"}},
		bad{"a function of others", in("", "//go:linkname now time.now\nfunc now() {}"), []string{"does without //go:linkname"}},
		bad{"good ones", in("fmt maps slices time net/url", `
func F(m map[int]int, s []int, at time.Time, u url.URL) (n int) {
	for range s { }
	for _, k := range slices.Sorted(maps.Keys(m)) { n += k }
	// order: a sum does not depend on it
	for _, v := range m { n += v }
	return n + at.In(time.UTC).Minute() + len(fmt.Sprint(at))
}`), nil},
		bad{"not pure", one("a/a.go", "// Package a (SHELL) does.\npackage a\nimport \"time\"\nvar F = time.Now"), nil},
		bad{"a test of a pure one", map[string]string{"a/a.go": "// Package a (PURE) does.\npackage a", "a/a_test.go": "package a\nimport \"time\"\nvar f = time.Now"}, nil},
	)
}
