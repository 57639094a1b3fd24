package house_test

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

const apiHeader = "# The exported API, one line a symbol. A change here is a decision; write it down with\n" +
	"#   go test ./internal/house -run API -update\n"

// api lists what the library packages of a tree export, sorted by package and symbol.
func api(c *typed) []string {
	var lines []string
	for _, p := range c.tree.packages {
		if !p.isLibrary() {
			continue
		}
		exported := c.done[p.dir]
		list := listing{of: exported, prefix: p.dir + ": "}
		scope := exported.Scope()
		for _, name := range scope.Names() {
			if object := scope.Lookup(name); object.Exported() {
				list.object(object)
			}
		}
		slices.Sort(list.lines)
		lines = append(lines, list.lines...)
	}
	return lines
}

type listing struct {
	of     *types.Package
	prefix string
	lines  []string
}

func (l *listing) add(format string, args ...any) {
	l.lines = append(l.lines, l.prefix+fmt.Sprintf(format, args...))
}

// qualify names packages of this module by folder, so that two of one name are told apart.
func (l *listing) qualify(p *types.Package) string {
	if p == l.of {
		return ""
	}
	if dir, ok := own(p.Path()); ok {
		return dir
	}
	return p.Path()
}

func (l *listing) object(object types.Object) {
	switch o := object.(type) {
	case *types.Const:
		l.add("const %s %s = %s", o.Name(), types.TypeString(o.Type(), l.qualify), o.Val().ExactString())
	case *types.TypeName:
		l.typeName(o)
	default:
		l.add("%s", types.ObjectString(object, l.qualify))
	}
}

// typeName lists a type with its exported fields and methods, each on its own line.
func (l *listing) typeName(o *types.TypeName) {
	named, ok := o.Type().(*types.Named)
	if !ok || o.IsAlias() {
		l.add("%s", types.ObjectString(o, l.qualify))
		return
	}
	name := o.Name()
	if parameters := named.TypeParams(); parameters.Len() > 0 {
		var all []string
		for parameter := range parameters.TypeParams() {
			all = append(all, parameter.Obj().Name()+" "+types.TypeString(parameter.Constraint(), l.qualify))
		}
		name += "[" + strings.Join(all, ", ") + "]"
	}
	switch u := named.Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct", name)
		for field := range u.Fields() {
			if !field.Exported() {
				continue
			}
			tag := ""
			for i := range u.NumFields() {
				if u.Field(i) == field && u.Tag(i) != "" {
					tag = " `" + u.Tag(i) + "`"
				}
			}
			l.add("type %s struct, %s %s%s", o.Name(), field.Name(), types.TypeString(field.Type(), l.qualify), tag)
		}
	case *types.Interface:
		l.add("type %s interface", name)
		for method := range u.Methods() {
			l.add("type %s interface, %s%s", o.Name(), method.Name(), strings.TrimPrefix(types.TypeString(method.Type(), l.qualify), "func"))
		}
	default:
		l.add("type %s %s", name, types.TypeString(u, l.qualify))
	}
	for method := range named.Methods() {
		if method.Exported() {
			l.add("method (%s) %s%s", types.TypeString(method.Signature().Recv().Type(), l.qualify), method.Name(),
				strings.TrimPrefix(types.TypeString(method.Type(), l.qualify), "func"))
		}
	}
}

func TestAPI(t *testing.T) {
	c, err := checkedRepository()
	require.NoError(t, err)
	require.Empty(t, c.errs)
	got := api(c)
	file := filepath.Join("testdata", "api.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(apiHeader+strings.Join(got, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	want := strings.Split(strings.TrimSuffix(strings.TrimPrefix(string(text), apiHeader), "\n"), "\n")
	for _, change := range changes(want, got) {
		t.Error(change)
	}
	if t.Failed() {
		t.Log("is that meant? Then write it down: go test ./internal/house -run API -update")
	}
}

// changes are the lines that went, then those that came.
func changes(want, got []string) []string {
	var all []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			all = append(all, "- "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			all = append(all, "+ "+line)
		}
	}
	return all
}

func TestAPIListing(t *testing.T) {
	parsed, err := parse(map[string]string{
		"b/b.go": "package b\ntype B int",
		"a/a.go": `package a
import ("errors"; "io"; "` + module + `/b")
var ErrNo = errors.New("no")
const Most = 3
const hidden = 4
type T struct { Of b.B ` + "`json:\"of\"`" + `; io.Reader; n int }
func (t *T) Do(n int) (b.B, error) { return 0, nil }
func (t T) hide() {}
type I interface { Do(n int) (b.B, error) }
type K[V any] struct{}
func (k K[V]) Get() V { panic(0) }
type S []string
type A = T
func F(t ...T) {}`,
		"a/a_test.go":     "package a\nfunc G() {}",
		"internal/c/c.go": "package c\nfunc G() {}",
	})
	require.NoError(t, err)
	c := typecheck(parsed)
	require.Empty(t, c.errs)
	want := []string{
		"a: const Most untyped int = 3",
		"a: func F(t ...T)",
		"a: method (*T) Do(n int) (b.B, error)",
		"a: method (K[V]) Get() V",
		"a: type A = T",
		"a: type I interface",
		"a: type I interface, Do(n int) (b.B, error)",
		"a: type K[V any] struct",
		"a: type S []string",
		"a: type T struct",
		"a: type T struct, Of b.B `json:\"of\"`",
		"a: type T struct, Reader io.Reader",
		"a: var ErrNo error",
		"b: type B int",
	}
	got := api(c)
	assert.Equal(t, want, got)
	assert.Empty(t, changes(want, got))
	assert.Equal(t, []string{"- a: type S []string", "+ a: type S []int"}, changes([]string{"a: type S []string", "x"}, []string{"x", "a: type S []int"}))
}
