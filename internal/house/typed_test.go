package house_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
)

// typed are the packages of a tree with the types of everything in them.
type typed struct {
	tree *tree
	info *types.Info
	done map[string]*types.Package // by folder
	errs []string
	base types.Importer
}

// typecheck checks all packages of the tree, without their tests, from their sources, so that a type
// is the same wherever it is seen. What they import from elsewhere comes from the build cache.
func typecheck(t *tree) *typed {
	c := &typed{tree: t, done: map[string]*types.Package{}, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	foreign := map[string]bool{}
	for _, p := range t.packages {
		for _, s := range p.code() {
			for name := range s.imports() {
				if _, ok := own(name); !ok && name != "unsafe" {
					foreign[name] = true
				}
			}
		}
	}
	exports, err := exported(slices.Sorted(maps.Keys(foreign)))
	if err != nil {
		c.errs = append(c.errs, err.Error())
		return c
	}
	c.base = importer.ForCompiler(t.fset, "gc", func(name string) (io.ReadCloser, error) {
		file, ok := exports[name]
		if !ok {
			return nil, fmt.Errorf("no export data for %q", name)
		}
		return os.Open(file)
	})
	for _, p := range t.packages {
		if _, err := c.Import(p.importPath()); err != nil {
			c.errs = append(c.errs, err.Error())
		}
	}
	return c
}

// Import implements types.Importer.
func (c *typed) Import(name string) (*types.Package, error) {
	dir, ok := own(name)
	if !ok {
		return c.base.Import(name)
	}
	if done, ok := c.done[dir]; ok {
		if done == nil {
			return nil, fmt.Errorf("%s: an import cycle, or an error told before", dir)
		}
		return done, nil
	}
	c.done[dir] = nil
	p := c.tree.find(dir)
	if p == nil {
		return nil, fmt.Errorf("%s: not part of this module", dir)
	}
	var files []*ast.File
	for _, s := range p.built() {
		files = append(files, s.ast)
	}
	config := types.Config{Importer: c}
	checked, err := config.Check(name, c.tree.fset, files, c.info)
	if err != nil {
		return nil, err
	}
	c.done[dir] = checked
	return checked, nil
}

// built are the files that are compiled on this machine.
func (p *pkg) built() []*source {
	return slices.DeleteFunc(p.code(), func(s *source) bool {
		context := build.Default
		context.OpenFile = s.open
		return !matches(context, p, s)
	})
}

func (s *source) open(string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(s.text)), nil
}

// matches reports whether a file is compiled in a context that opens it.
func matches(context build.Context, p *pkg, s *source) bool {
	match, err := context.MatchFile(p.dir, path.Base(s.path))
	return err == nil && match
}

var exportFiles = struct {
	sync.Mutex
	by map[string]string
}{by: map[string]string{}}

// exported finds the export data of packages, and of all that they import, in the build cache.
func exported(names []string) (map[string]string, error) {
	exportFiles.Lock()
	defer exportFiles.Unlock()
	missing := slices.DeleteFunc(names, func(name string) bool { return exportFiles.by[name] != "" })
	if len(missing) == 0 {
		return maps.Clone(exportFiles.by), nil
	}
	args := append([]string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}\t{{.Export}}{{end}}", "--"}, missing...)
	cmd := exec.Command("go", args...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = root, &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, said.String())
	}
	for line := range strings.Lines(string(out)) {
		if name, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			exportFiles.by[name] = file
		}
	}
	return maps.Clone(exportFiles.by), nil
}

var checkedRepository = sync.OnceValues(func() (*typed, error) {
	repo, err := repository()
	if err != nil {
		return nil, err
	}
	return typecheck(repo), nil
})

// typedRule makes a rule of one that needs types. The repository is checked once for all rules.
func typedRule(broken func(c *typed) []string) rule {
	return func(t *tree) []string {
		c, err := checkedRepository()
		if err != nil {
			return []string{err.Error()}
		}
		if c.tree != t {
			c = typecheck(t)
		}
		if len(c.errs) > 0 {
			return c.errs
		}
		return broken(c)
	}
}
