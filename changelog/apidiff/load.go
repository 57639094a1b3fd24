package apidiff

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"
)

// module is one side of a comparison: a module that lies in a folder.
type module struct {
	tree Tree
	dir  string
	path string
}

// open finds the module in a folder.
func open(t Tree, top string) (*module, error) {
	dir, err := filepath.Abs(filepath.Join(top, filepath.FromSlash(t.Module)))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", t, ErrNoModule, err)
	}
	path := modfile.ModulePath(text)
	if path == "" {
		return nil, fmt.Errorf("%s: %w: its go.mod names no module", t, ErrNoModule)
	}
	return &module{tree: t, dir: dir, path: path}, nil
}

// api are the packages of a module by their paths below that of the module, "" for the one at its top.
type api struct {
	// public can be imported by everybody, hidden ones lie below an internal folder.
	public, hidden map[string]*types.Package
}

// mostErrors is how many messages of the compiler an error has.
const mostErrors = 10

// load loads the API of a module for a target.
func (m *module) load(ctx context.Context, o Options, t Target) (api, error) {
	failed := func(err error) (api, error) {
		if ctx.Err() != nil {
			return api{}, fmt.Errorf("load %s: %w", m.tree, context.Cause(ctx))
		}
		return api{}, &BuildError{Tree: m.tree, Target: t, Err: err}
	}
	config := packages.Config{
		Context: ctx, Dir: m.dir, Env: o.environment(os.Environ(), t), BuildFlags: []string{"-buildvcs=false"},
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedModule,
	}
	if len(t.Tags) > 0 {
		config.BuildFlags = append(config.BuildFlags, "-tags="+strings.Join(t.Tags, ","))
	}
	all, err := packages.Load(&config, "./...")
	if err != nil {
		return failed(err)
	}
	names, built, err := m.libraries(all)
	switch {
	case err != nil:
		return failed(err)
	case built == 0:
		return failed(ErrNoPackages)
	}
	found := api{public: map[string]*types.Package{}, hidden: map[string]*types.Package{}}
	if len(names) == 0 {
		return found, nil // nothing but programs
	}
	config.Mode = packages.NeedName | packages.NeedTypes
	loaded, err := packages.Load(&config, names...)
	if err != nil {
		return failed(err)
	}
	var errs []error
	for _, p := range loaded {
		errs = append(errs, problems(p)...)
		if len(p.Errors) == 0 && (p.Types == nil || p.IllTyped || !p.Types.Complete()) {
			errs = append(errs, fmt.Errorf("%s: its types are not complete", p.PkgPath))
		}
		below := strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, m.path), "/")
		if isInternal(below) {
			found.hidden[below] = p.Types
		} else {
			found.public[below] = p.Types
		}
	}
	if err := joined(errs); err != nil {
		return failed(err)
	}
	if len(loaded) != len(names) {
		return failed(fmt.Errorf("go loads %d packages of %d", len(loaded), len(names)))
	}
	return found, nil
}

// libraries are the import paths of the packages that are no programs, and how many packages there are of any kind.
func (m *module) libraries(all []*packages.Package) (names []string, built int, err error) {
	var errs []error
	for _, p := range all {
		switch {
		case len(p.Errors) > 0:
			errs = append(errs, problems(p)...)
			continue
		case len(p.GoFiles)+len(p.OtherFiles) == 0:
			continue // nothing but tests
		}
		built++
		if p.Name != "main" {
			names = append(names, p.PkgPath)
		}
	}
	slices.Sort(names)
	return names, built, joined(errs)
}

// problems are the errors of a package.
func problems(p *packages.Package) []error {
	var all []error
	for _, e := range p.Errors {
		all = append(all, fmt.Errorf("%s: %w", p.PkgPath, e))
	}
	return all
}

// joined are the first errors as one, nil for none.
func joined(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	if more := len(errs) - mostErrors; more > 0 {
		errs = append(errs[:mostErrors:mostErrors], errors.New(fmt.Sprint(more, " more")))
	}
	return multierror.Append(nil, errs...).ErrorOrNil()
}

// isInternal reports whether a path has an element internal.
func isInternal(path string) bool { return slices.Contains(strings.Split(path, "/"), "internal") }
