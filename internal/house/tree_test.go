package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/davit-sdk/davit"
	root   = "../.."
)

// tree is the Go sources of a module.
type tree struct {
	fset     *token.FileSet
	packages []*pkg // sorted by folder
}

// pkg is a folder with Go files.
type pkg struct {
	dir   string // from the root of the module, "." for the root itself
	files []*source
}

// source is one Go file.
type source struct {
	path string // from the root of the module
	text string
	ast  *ast.File
}

func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// code are the files that are no tests.
func (p *pkg) code() []*source {
	return slices.DeleteFunc(slices.Clone(p.files), (*source).isTest)
}

func (p *pkg) importPath() string { return path.Join(module, p.dir) }

func (p *pkg) isMain() bool {
	return slices.ContainsFunc(p.code(), func(s *source) bool { return s.ast.Name.Name == "main" })
}

// isLibrary reports whether users import the package.
func (p *pkg) isLibrary() bool {
	return !p.isMain() && !within(p.dir, "internal") && !within(p.dir, "examples") && p.dir != "."
}

// isKit reports whether the package proves the implementations of others: strategy/strategytest.
func (p *pkg) isKit() bool {
	parent, name := path.Split(p.dir)
	return name == path.Base(parent)+"test"
}

func within(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

// imports are the import paths of a file with the positions of their declarations.
func (s *source) imports() map[string]*ast.ImportSpec {
	all := map[string]*ast.ImportSpec{}
	for _, spec := range s.ast.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		all[name] = spec
	}
	return all
}

// own is the folder of an import path of this module.
func own(importPath string) (dir string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func (t *tree) find(dir string) *pkg {
	for _, p := range t.packages {
		if p.dir == dir {
			return p
		}
	}
	return nil
}

// at is a position as people read it.
func (t *tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// parse makes a tree of files by their paths.
func parse(files map[string]string) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	byDir := map[string]*pkg{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		file, err := parser.ParseFile(t.fset, name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p := byDir[path.Dir(name)]
		if p == nil {
			p = &pkg{dir: path.Dir(name)}
			byDir[p.dir] = p
		}
		p.files = append(p.files, &source{path: name, text: files[name], ast: file})
	}
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		t.packages = append(t.packages, byDir[dir])
	}
	return t, nil
}

// read reads all files of the root module that a rule may want to see, and those of the nested modules
// too if they are asked for. Test data and hidden folders are not part of it.
func read(dir string, modules bool) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(name, "go.mod"))
			hidden := strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"
			if rel != "." && (nested == nil && !modules || hidden) {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".go" && ext != ".md" && entry.Name() != "go.mod" {
			return nil
		}
		text, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	})
	return files, err
}

// repository is the root module, read once.
var repository = sync.OnceValues(func() (*tree, error) { return readTree(false) })

// allModules is the root module and all nested ones, read once.
var allModules = sync.OnceValues(func() (*tree, error) { return readTree(true) })

func readTree(modules bool) (*tree, error) {
	files, err := read(root, modules)
	if err != nil {
		return nil, err
	}
	return parse(files)
}

// rule finds everything in a tree that breaks it.
type rule func(t *tree) []string

// keeps asserts that the root module keeps a rule.
func keeps(t *testing.T, broken rule) {
	t.Helper()
	keepsIn(t, repository, broken)
}

// keepsEverywhere asserts that the nested modules keep a rule too. It is for rules that need no types,
// as what a nested module imports is not there for who has the root alone.
func keepsEverywhere(t *testing.T, broken rule) {
	t.Helper()
	keepsIn(t, allModules, broken)
}

func keepsIn(t *testing.T, where func() (*tree, error), broken rule) {
	t.Helper()
	repo, err := where()
	require.NoError(t, err)
	require.NotNil(t, repo.find("strategy"), "the repository was not read")
	for _, violation := range broken(repo) {
		t.Error(violation)
	}
}

// bad is a source that a rule must reject, with a part of each thing that it must say about it;
// nothing in want means that the rule must accept it.
type bad struct {
	name  string
	files map[string]string
	want  []string
}

// one is a tree of one file.
func one(name, text string) map[string]string { return map[string]string{name: text} }

// rejects asserts that a rule finds exactly what is wrong with bad sources.
func rejects(t *testing.T, broken rule, sources ...bad) {
	t.Helper()
	for _, b := range sources {
		t.Run(b.name, func(t *testing.T) {
			parsed, err := parse(b.files)
			require.NoError(t, err)
			got := broken(parsed)
			if assert.Len(t, got, len(b.want), "%q", got) {
				for i := range got {
					assert.Contains(t, got[i], b.want[i])
				}
			}
		})
	}
}
