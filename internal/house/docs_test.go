package house_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unshown are the library packages that need no Example, with the reason.
var unshown = map[string]string{
	"release/sqlstore": "this module has no driver of a database; internal/integration has the Example that runs",
}

// unillustrated: each library package has an Example that go test runs, and not only compiles.
func unillustrated(t *tree) []string {
	var broken []string
	for _, p := range t.packages {
		if !p.isLibrary() || unshown[p.dir] != "" {
			continue
		}
		shown := slices.ContainsFunc(p.files, func(s *source) bool {
			return s.isTest() && slices.ContainsFunc(doc.Examples(s.ast), func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput })
		})
		if !shown {
			broken = append(broken, p.dir+": no Example with an Output shows how it is used")
		}
	}
	return broken
}

func TestEachPackageHasAnExample(t *testing.T) {
	keepsEverywhere(t, unillustrated)
	rejects(t, unillustrated,
		bad{"none", map[string]string{"a/a.go": "package a", "a/a_test.go": "package a_test\nfunc TestX() {}"}, []string{"a: no Example"}},
		bad{"not a test", one("a/a.go", "package a\nfunc Example() {\n\t// Output: x\n}"), []string{"a: no Example"}},
		bad{"never run", map[string]string{"a/a.go": "package a", "a/a_test.go": "package a_test\nfunc Example() {}"}, []string{"a: no Example"}},
		bad{"good ones", map[string]string{
			"a/a.go": "package a", "a/a_test.go": "package a_test\nfunc ExampleT_do() {\n\t// Output: x\n}", "internal/b/b.go": "package b", "examples/c/c.go": "package main",
		}, nil},
	)
}

// ports are the interfaces that others implement: whoever does says so in the code, so that a
// misspelt method is found by the compiler.
var ports = []string{"metrics.Source", "metrics.SeriesSource", "metrics/gate.Gate", "stage.Stage", "strategy.Strategy", "strategy/rollout.Target", "strategy/rollout.Fleet",
	"strategy/rollout.Router", "release.Store", "release/notify.Channel"}

// unasserted: beside each exported type that implements a port stands `var _ Port = …`.
func unasserted(c *typed) []string {
	var broken []string
	asserted := assertions(c)
	for _, port := range ports {
		i := strings.LastIndexByte(port, '.')
		home := c.done[port[:i]]
		if home == nil {
			continue
		}
		name := home.Scope().Lookup(port[i+1:])
		if name == nil {
			broken = append(broken, port+": there is no such port")
			continue
		}
		contract := name.Type().Underlying().(*types.Interface)
		for _, p := range c.tree.packages {
			if !p.isLibrary() {
				continue
			}
			scope := c.done[p.dir].Scope()
			for _, n := range scope.Names() {
				o, ok := scope.Lookup(n).(*types.TypeName)
				if !ok || !o.Exported() || o.IsAlias() || types.IsInterface(o.Type()) {
					continue
				}
				if types.Implements(types.NewPointer(o.Type()), contract) && !asserted[port+" "+p.dir+"."+n] {
					broken = append(broken, fmt.Sprintf("%s: %s.%s implements %s: say so with var _ %s = …", c.tree.at(o.Pos()), p.dir, n, port, port[i+1:]))
				}
			}
		}
	}
	return broken
}

// assertions are the pairs of an interface and a type in `var _ I = T{}`, as "release.Store release.MemoryStore".
func assertions(c *typed) map[string]bool {
	all := map[string]bool{}
	for _, p := range c.tree.packages {
		for _, s := range p.built() {
			for _, decl := range s.ast.Decls {
				vars, ok := decl.(*ast.GenDecl)
				if !ok || vars.Tok != token.VAR {
					continue
				}
				for _, spec := range vars.Specs {
					v := spec.(*ast.ValueSpec)
					if v.Names[0].Name == "_" && v.Type != nil && len(v.Values) == 1 {
						all[named(c.info.TypeOf(v.Type))+" "+named(c.info.TypeOf(v.Values[0]))] = true
					}
				}
			}
		}
	}
	return all
}

// named is the folder and name of a type of this module, without its star.
func named(t types.Type) string {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return ""
	}
	dir, _ := own(n.Obj().Pkg().Path())
	return dir + "." + n.Obj().Name()
}

func TestImplementationsAreAsserted(t *testing.T) {
	keeps(t, typedRule(unasserted))
	port := "package release\ntype Store interface { Append() error }\n"
	rejects(t, typedRule(unasserted),
		bad{"none", one("release/a.go", port+"type Memory struct{}\nfunc (m *Memory) Append() error { return nil }"),
			[]string{"release.Memory implements release.Store"}},
		bad{"of another", one("release/a.go", port+"type A struct{}\nfunc (A) Append() error { return nil }\ntype B struct{ A }\nvar _ Store = A{}"),
			[]string{"release.B implements release.Store"}},
		bad{"a port that is gone", one("release/a.go", "package release"), []string{"release.Store: there is no such port"}},
		bad{"good ones", map[string]string{
			"release/a.go": port + "type A struct{}\nfunc (*A) Append() error { return nil }\nvar _ Store = (*A)(nil)\ntype b struct{ A }\ntype Other int",
			"a/a.go":       "package a\nimport \"" + module + "/release\"\ntype A struct{ release.A }\nvar ( _ release.Store = &A{} )",
		}, nil},
	)
}

var (
	fence   = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	link    = regexp.MustCompile(`\]\(([^)#\s]+)`)
	command = regexp.MustCompile(`(?m)^\s*(?:\$ )?(go (?:run|test|build|vet|get|install) [^\n#]*)`)
)

// promised are the commands of a README that name what is not there.
func promised(readme string, exists func(dir string) bool) []string {
	var broken []string
	for _, block := range fence.FindAllStringSubmatch(readme, -1) {
		for _, line := range command.FindAllStringSubmatch(block[1], -1) {
			for word := range strings.FieldsSeq(line[1]) {
				if strings.HasPrefix(word, "./") && !exists(path.Clean(strings.TrimSuffix(word, "..."))) {
					broken = append(broken, fmt.Sprintf("README.md: %q: there is no %s", strings.TrimSpace(line[1]), word))
				}
			}
		}
	}
	return broken
}

func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	readme := string(text)
	for _, must := range []string{"go run ./examples/first", "go run ./examples/quickstart", "go run ./examples/durable", "go run ./examples/judge", "go test ./..."} {
		assert.Contains(t, readme, must)
	}
	exists := func(dir string) bool {
		sources, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		return err == nil && len(sources) > 0
	}
	for _, violation := range promised(readme, exists) {
		t.Error(violation)
	}
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil
	}
	for _, violation := range linked(readme, there) {
		t.Error(violation)
	}
}

// The programs of the README are compiled: a whole one is that of an example, and a part of one stands in an Example.
func TestReadmeProgram(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	var compiled []string
	for _, name := range []string{"release/example_readme_test.go", "release/example_rehearsed_test.go"} {
		example, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		compiled = append(compiled, string(example), strings.ReplaceAll(string(example), "\n\t\t", "\n"))
	}
	mains, err := filepath.Glob(filepath.Join(root, "examples/*/main.go"))
	require.NoError(t, err)
	for _, main := range mains {
		whole, err := os.ReadFile(main)
		require.NoError(t, err)
		compiled = append(compiled, string(whole))
	}
	programs := strings.Split(string(text), "```go\n")[1:]
	require.NotEmpty(t, programs, "README.md shows a program")
	for _, program := range programs {
		program, _, _ = strings.Cut(program, "```")
		assert.True(t, slices.ContainsFunc(compiled, func(c string) bool { return strings.Contains(c, "\n"+program) }), "is compiled nowhere:\n%s", program)
	}
}

// row is a row of the README's table of packages: links to some of them, their bands, and what they are.
var row = regexp.MustCompile(`(?m)^\| ([^|]*\]\([^|]*) \| ((?:pure|contract|shell)(?:, (?:pure|contract|shell))*) \| ([^|]*)\|$`)

// unlisted are the library packages that the README's table lacks, or has with another band.
func unlisted(readme string, t *tree) []string {
	told := map[string]string{}
	for _, r := range row.FindAllStringSubmatch(readme, -1) {
		dirs, bands := link.FindAllStringSubmatch(r[1], -1), strings.Split(r[2], ", ")
		for i, dir := range dirs {
			told[path.Clean(dir[1])] = bands[min(i, len(bands)-1)]
		}
		for _, dir := range link.FindAllStringSubmatch(r[3], -1) { // in the words of the row
			told[path.Clean(dir[1])] = bands[0]
		}
	}
	var broken []string
	for _, p := range t.packages {
		if !p.isLibrary() || strings.Contains(p.dir, "internal") {
			continue
		}
		if want := strings.ToLower(p.band().String()); told[p.dir] != want {
			broken = append(broken, fmt.Sprintf("README.md: package %s is %s, and %q in the table of packages", p.dir, want, told[p.dir]))
		}
	}
	return broken
}

func TestReadmePackages(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	keepsEverywhere(t, func(t *tree) []string { return unlisted(string(text), t) })
	pure, shell := "// Package a (PURE) does.\npackage a", "// Package b (SHELL) does.\npackage b"
	parsed, err := parse(map[string]string{"a/a.go": pure, "a/b/b.go": shell})
	require.NoError(t, err)
	assert.Empty(t, unlisted("| [a](a), [b](a/b) | pure, shell | both |\n", parsed))
	assert.Empty(t, unlisted("| [a](a) | pure | one |\n| a/[b](a/b) | shell | the other |\n", parsed))
	assert.Equal(t, []string{`README.md: package a/b is shell, and "pure" in the table of packages`}, unlisted("| [a](a), [b](a/b) | pure | both |\n", parsed))
	assert.Equal(t, []string{`README.md: package a/b is shell, and "" in the table of packages`}, unlisted("| [a](a) | pure | see [b](b) |\n", parsed))
}

// linked are the links of a README to files and folders that are not there.
func linked(readme string, there func(name string) bool) []string {
	var broken []string
	for _, link := range link.FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(link[1], "://") && !there(path.Clean(link[1])) {
			broken = append(broken, fmt.Sprintf("README.md: there is no %s to link to", link[1]))
		}
	}
	return broken
}

func TestReadmeRejects(t *testing.T) {
	exists := func(dir string) bool { return dir == "examples/a" || dir == "." }
	assert.Empty(t, promised("# x\n\n```sh\n$ go run ./examples/a -keep\ngo test ./...\n```\n\ngo run ./nowhere in prose", exists))
	assert.Equal(t, []string{`README.md: "go run ./examples/b": there is no ./examples/b`}, promised("```\ngo run ./examples/b # shows\n```", exists))
	assert.Len(t, promised("```\ngo test ./x/... ./examples/a\n```", exists), 1)

	there := func(name string) bool { return name == "stage" || name == "doc.go" }
	assert.Empty(t, linked("[a](stage/), [b](./doc.go#x), [c](https://example.org/x), [d](#here)", there))
	assert.Equal(t, []string{"README.md: there is no release to link to"}, linked("see [a](release)", there))
}
