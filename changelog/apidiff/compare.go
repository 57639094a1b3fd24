package apidiff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"

	exp "golang.org/x/exp/apidiff"
)

// Compare compares the API of a module in two states. It takes as long as go takes to build the packages of both,
// and ends soon after ctx does.
func Compare(ctx context.Context, o Options) (report Report, err error) {
	if err := o.Validate(); err != nil {
		return Report{}, fmt.Errorf("compare APIs: %w", err)
	}
	if _, err := exec.LookPath("go"); err != nil {
		return Report{}, fmt.Errorf("compare APIs: %w: %w", ErrNoGo, err)
	}
	temp, err := os.MkdirTemp(o.Temp, "davit-apidiff-")
	if err != nil {
		return Report{}, fmt.Errorf("compare APIs: %w", err)
	}
	defer func() {
		if e := os.RemoveAll(temp); e != nil {
			report, err = Report{}, errors.Join(err, e)
		}
	}()
	report, err = o.compare(ctx, temp)
	if err != nil {
		return Report{}, fmt.Errorf("compare APIs: %w", err)
	}
	return report, nil
}

func (o Options) compare(ctx context.Context, temp string) (Report, error) {
	before, from, err := o.prepare(ctx, o.Old, temp)
	if err != nil {
		return Report{}, err
	}
	after, to, err := o.prepare(ctx, o.New, temp)
	if err != nil {
		return Report{}, err
	}
	merged := findings{}
	r := Report{Old: from, New: to, Module: after.path, Packages: []Package{}}
	compared := map[string]bool{}
	for _, t := range o.targets() {
		o.log().Debug("comparing the API", "old", o.Old.String(), "new", o.New.String(), "target", t.String())
		r.Targets = append(r.Targets, t.String())
		old, err := before.load(ctx, o, t)
		if err != nil {
			return Report{}, err
		}
		new, err := after.load(ctx, o, t)
		if err != nil {
			return Report{}, err
		}
		for _, side := range []api{old, new} {
			for below := range side.public {
				compared[below] = true
			}
		}
		if err := merged.diff(old, new, before.path, after.path, t.String()); err != nil {
			return Report{}, err
		}
	}
	if before.path != after.path {
		for _, name := range r.Targets {
			merged.add(after.path, false, fmt.Sprintf("module: path changed from %s", before.path), true, name)
		}
	}
	r.Compared = len(compared)
	r.Packages = merged.packages(len(r.Targets))
	return r, nil
}

// prepare finds a module, and checks its revision out before if it has one.
func (o Options) prepare(ctx context.Context, t Tree, temp string) (*module, string, error) {
	if t.Revision == "" {
		m, err := open(t, t.Dir)
		if err != nil {
			return nil, "", err
		}
		return m, m.dir, nil
	}
	top, err := os.MkdirTemp(temp, "")
	if err != nil {
		return nil, "", err
	}
	commit, err := checkout(ctx, t, top)
	if err != nil {
		return nil, "", err
	}
	m, err := open(t, top)
	return m, commit, err
}

// finding is a change of a package.
type finding struct {
	path, what             string
	internal, incompatible bool
}

// findings are changes with the targets that they were seen for.
type findings map[finding][]string

func (f findings) add(path string, internal bool, what string, incompatible bool, target string) {
	key := finding{path: path, what: what, internal: internal, incompatible: incompatible}
	if !slices.Contains(f[key], target) {
		f[key] = append(f[key], target)
	}
}

// diff adds the differences between two APIs.
func (f findings) diff(old, new api, oldModule, newModule, target string) error {
	for _, below := range slices.Sorted(maps.Keys(old.public)) {
		if new.public[below] == nil {
			f.add(path.Join(oldModule, below), false, "package removed", true, target)
			continue
		}
		changes, err := changed(old.public[below], new.public[below])
		if err != nil {
			return err
		}
		for _, c := range changes {
			f.add(path.Join(newModule, below), false, c.Message, !c.Compatible, target)
		}
	}
	for _, below := range slices.Sorted(maps.Keys(new.public)) {
		if old.public[below] == nil {
			f.add(path.Join(newModule, below), false, "package added", false, target)
		}
	}
	seen := exposed(old)
	for _, below := range slices.Sorted(maps.Keys(old.hidden)) {
		names := seen[old.hidden[below].Path()]
		if len(names) == 0 || new.hidden[below] == nil {
			continue // what the API sees of it elsewhere has another type now
		}
		changes, err := changed(old.hidden[below], new.hidden[below])
		if err != nil {
			return err
		}
		for _, c := range changes {
			if names[subject(c.Message)] {
				f.add(path.Join(newModule, below), true, c.Message, !c.Compatible, target)
			}
		}
	}
	return nil
}

// changed are the differences between two states of a package.
func changed(old, new *types.Package) (changes []exp.Change, err error) {
	defer func() {
		if p := recover(); p != nil { // it panics at types that it does not know
			changes, err = nil, fmt.Errorf("package %s cannot be compared: %v", new.Path(), p)
		}
	}()
	changes = exp.Changes(old, new).Changes
	return append(changes, generic(old, new)...), nil
}

// packages are the findings by package.
func (f findings) packages(targets int) []Package {
	all := []Package{}
	keys := slices.SortedFunc(maps.Keys(f), func(a, b finding) int {
		first := 0
		if a.incompatible != b.incompatible {
			first = 1
			if a.incompatible {
				first = -1
			}
		}
		return cmp.Or(cmp.Compare(a.path, b.path), first, cmp.Compare(a.what, b.what))
	})
	for _, key := range keys {
		if n := len(all); n == 0 || all[n-1].Path != key.path {
			all = append(all, Package{Path: key.path, Internal: key.internal})
		}
		c := Change{What: key.what, Incompatible: key.incompatible}
		if len(f[key]) < targets {
			c.Targets = f[key]
		}
		last := &all[len(all)-1]
		last.Changes = append(last.Changes, c)
	}
	return all
}
