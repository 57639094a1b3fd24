package house_test

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// top are the names of the top level, hidden ones aside.
var top = []string{
	"LICENSE", "README.md", "changelog", "doc.go", "examples", "go.mod", "go.sum", "internal", "metrics", "release", "stage", "strategy",
}

// strangers are the names that do not belong to the top level, and those that are missing there.
func strangers(names []string) []string {
	var broken []string
	for _, name := range names {
		if !slices.Contains(top, name) && !strings.HasPrefix(name, ".") {
			broken = append(broken, name+": does not belong to the top level")
		}
	}
	for _, name := range top {
		if !slices.Contains(names, name) {
			broken = append(broken, name+": is missing at the top level")
		}
	}
	return broken
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, violation := range strangers(names) {
		t.Error(violation)
	}
	assert.Empty(t, strangers(append([]string{".ci"}, top...)))
	assert.Equal(t, []string{"pkg: does not belong to the top level"}, strangers(append([]string{"pkg"}, top...)))
	assert.Equal(t, []string{"LICENSE: is missing at the top level"}, strangers(top[1:]))
}

const (
	maxFile, maxFunc         = 500, 100
	maxTestFile, maxTestFunc = 1000, 250
)

// long are the files ("a/b.go") and functions ("a/b.go F") that may be longer, with the reason.
var long = map[string]string{}

// dumps are words that say nothing about what is in a file or folder.
var dumps = []string{"base", "common", "helper", "helpers", "misc", "shared", "stuff", "type", "types", "util", "utils"}

var (
	folderName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	fileName   = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*\.go$`)
	stageName  = regexp.MustCompile(`^stage/[^/]+$`)
)

// untidy: a folder is named as its package, nothing is a dumping ground, nothing is too long, and
// ready-made stages are all of one shape.
func untidy(t *tree) []string {
	var broken []string
	report := func(where, format string, args ...any) {
		broken = append(broken, where+": "+fmt.Sprintf(format, args...))
	}
	for _, p := range t.packages {
		base := path.Base(p.dir)
		if p.dir != "." && (!folderName.MatchString(base) || slices.Contains(dumps, base)) {
			report(p.dir, "not a name for a folder")
		}
		for _, s := range p.files {
			words := strings.Split(strings.TrimSuffix(path.Base(s.path), ".go"), "_")
			if !fileName.MatchString(path.Base(s.path)) || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(dumps, w) }) {
				report(s.path, "not a name for a file: call it by what is in it")
			}
			if name := s.ast.Name.Name; p.dir != "." && name != base && name != "main" && !(s.isTest() && name == base+"_test") {
				report(s.path, "package %s in folder %s", name, base)
			}
		}
		if !p.isMain() && !slices.ContainsFunc(p.files, func(s *source) bool { return path.Base(s.path) == "doc.go" && s.ast.Doc != nil }) {
			report(p.dir, "no doc.go with the package comment")
		}
		if stageName.MatchString(p.dir) && !p.isKit() {
			broken = append(broken, oddStage(p)...)
		}
	}
	return append(broken, lengths(t)...)
}

// oddStage: a ready-made stage has one folder with one exported type Stage that runs, SHELL.
func oddStage(p *pkg) []string {
	var broken []string
	if p.band() != shell {
		broken = append(broken, p.dir+": a ready-made stage is SHELL")
	}
	runs := false
	for _, s := range p.code() {
		for _, decl := range s.ast.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Name.Name == "Run" && f.Recv != nil && strings.TrimPrefix(nameOf(f.Recv.List[0].Type), "*") == "Stage" {
				runs = true
			}
		}
	}
	if !runs {
		broken = append(broken, p.dir+": a ready-made stage is a type Stage with a method Run")
	}
	return broken
}

// nameOf is the name of a receiver's type, with a star before a pointer's.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + nameOf(e.X)
	case *ast.IndexExpr:
		return nameOf(e.X)
	case *ast.IndexListExpr:
		return nameOf(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// lengths finds the files and functions that are too long.
func lengths(t *tree) []string {
	var broken []string
	used := map[string]bool{}
	tooLong := func(name string, lines, most int) {
		if lines <= most {
			return
		}
		used[name] = true
		if long[name] == "" {
			broken = append(broken, fmt.Sprintf("%s: %d lines, at most %d", name, lines, most))
		}
	}
	for _, p := range t.packages {
		for _, s := range p.files {
			file, function := maxFile, maxFunc
			if s.isTest() {
				file, function = maxTestFile, maxTestFunc
			}
			tooLong(s.path, strings.Count(s.text, "\n"), file)
			for _, decl := range s.ast.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok {
					tooLong(s.path+" "+f.Name.Name, t.fset.Position(f.End()).Line-t.fset.Position(f.Pos()).Line+1, function)
				}
			}
		}
	}
	if repo, err := allModules(); err == nil && repo == t {
		for name := range long {
			if !used[name] {
				broken = append(broken, name+": is listed as too long and is not")
			}
		}
	}
	return broken
}

func TestLayout(t *testing.T) {
	keepsEverywhere(t, untidy)
	doc := "// Package a (PURE) does.\npackage a\n"
	with := func(name, text string) map[string]string { return map[string]string{"a/doc.go": doc, name: text} }
	rejects(t, untidy,
		bad{"a dumping ground", map[string]string{"util/doc.go": "// Package util (PURE) does.\npackage util"}, []string{"util: not a name for a folder"}},
		bad{"two words", map[string]string{"a_b/doc.go": "// Package a_b (PURE) does.\npackage a_b"}, []string{"a_b: not a name for a folder"}},
		bad{"a file of this and that", with("a/helpers.go", "package a"), []string{"a/helpers.go: not a name for a file"}},
		bad{"half a file of this and that", with("a/release_types.go", "package a"), []string{"not a name for a file"}},
		bad{"and its tests", with("a/util_test.go", "package a_test"), []string{"not a name for a file"}},
		bad{"camel case", with("a/myFile.go", "package a"), []string{"not a name for a file"}},
		bad{"another package", with("a/b.go", "package b"), []string{"a/b.go: package b in folder a"}},
		bad{"no doc.go", one("a/a.go", doc), []string{"a: no doc.go"}},
		bad{"a long file", with("a/b.go", "package a\n"+strings.Repeat("\n", maxFile)), []string{"a/b.go: 501 lines, at most 500"}},
		bad{"a long test", with("a/b_test.go", "package a\n"+strings.Repeat("\n", maxTestFile)), []string{"a/b_test.go: 1001 lines, at most 1000"}},
		bad{"a long function", with("a/b.go", "package a\nfunc F() {\n"+strings.Repeat("\n", maxFunc-1)+"}\n"), []string{"a/b.go F: 101 lines, at most 100"}},
		bad{"a stage that is none", map[string]string{"stage/a/doc.go": "// Package a (PURE) does.\npackage a\ntype Stage struct{}\nfunc Run() {}"},
			[]string{"is SHELL", "a type Stage with a method Run"}},
		bad{"good ones", map[string]string{
			"a/doc.go": doc, "a/b_linux.go": "package a\nfunc F() {\n" + strings.Repeat("\n", maxFunc-2) + "}\n", "a/b_test.go": "package a_test",
			"examples/x/main.go": "package main", "doc.go": "// Package davit is.\npackage davit",
			"stage/b/doc.go":         "// Package b (SHELL) does.\npackage b\ntype Stage struct{}\nfunc (s *Stage) Run() {}",
			"stage/stagetest/doc.go": "// Package stagetest (SHELL) does.\npackage stagetest",
		}, nil},
	)
}
