package changelog

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-multierror"
)

// ModuleVersionError says that the path of a Go module does not allow the next version: nobody could require it.
type ModuleVersionError struct {
	// Module is the module's path, and Version the version that it would get.
	Module  string
	Version *semver.Version
}

func (e *ModuleVersionError) Error() string {
	line := readModuleLine(e.Module)
	if major := e.Version.Major(); line.marked || major < 2 {
		return fmt.Sprintf("version %s is not one of module %s, whose path is for %s alone: "+
			"let the commits lead to such a version, by a breaking change or by Release-As, or change the path", e.Version, e.Module, line)
	}
	return fmt.Sprintf("version %s is not one of module %s, whose path is for v0 and v1: "+
		"change it to %s/v%d in go.mod and in whatever imports it, or do without the breaking change", e.Version, e.Module, e.Module, e.Version.Major())
}

// moduleLine are the major versions that a module path is for, from the lowest to the highest.
type moduleLine struct {
	lowest, highest uint64
	// marked says that the path ends in the number, behind mark.
	marked bool
	mark   string
}

func (l moduleLine) String() string { return fmt.Sprintf("v%d", l.highest) }

func (l moduleLine) has(major uint64) bool { return l.lowest <= major && major <= l.highest }

// readModuleLine reads the end of a module path: /v2 and so on, or, at gopkg.in, .v0 and so on.
func readModuleLine(module string) moduleLine {
	mark, lowest := "/v", uint64(2)
	if strings.HasPrefix(module, "gopkg.in/") {
		mark, lowest = ".v", 0
	}
	if i := strings.LastIndex(module, mark); i >= 0 {
		text := module[i+len(mark):]
		if major, err := strconv.ParseUint(text, 10, 64); err == nil && major >= lowest && strconv.FormatUint(major, 10) == text {
			return moduleLine{major, major, true, mark}
		}
	}
	return moduleLine{highest: 1}
}

// goFormat is how Go wants the tags of a module to be written: by its folder, of which the last part is left out where it
// is the major version of the path.
func goFormat(c Component) TagFormat {
	folder := rootPath
	if paths := c.ownPaths(); len(paths) > 0 {
		folder = paths[0]
	}
	if line := readModuleLine(c.GoModule); line.marked && line.mark == "/v" && path.Base(folder) == line.String() {
		folder = path.Dir(folder)
	}
	if folder == rootPath {
		return "v" + versionMark
	}
	return TagFormat(folder + "/v" + versionMark)
}

// allows fails for a version that the component's module path does not allow.
func (c Component) allows(next *semver.Version) error {
	if c.GoModule == "" || next == nil || readModuleLine(c.GoModule).has(next.Major()) {
		return nil
	}
	return &ModuleVersionError{Module: c.GoModule, Version: next}
}

// GoModules makes components of the Go modules of a repository: one for each go.mod file, by its path from the root of the
// repository, with its text. A component is called after its folder, and that of the root after the last part of
// its module's path. It depends on the modules among them that it requires, not counting indirect ones, with
// replacements as go.mod says them; a requirement that is replaced by a folder without a module among
// them is none. The components come in the order of their folders. Modules that are
// never released, such as those of tools and tests, are for the caller to leave out: they would begin with a first version.
//
// The error names each file that cannot be read, with its line, and modules that have the same path. Modules may require each
// other in a circle, which components may not: Policy.Validate says so, and the caller has to decide
// which requirement does not count.
func GoModules(files map[string]string) ([]Component, error) {
	var errs *multierror.Error
	mods, folders := map[string]goMod{}, map[string]string{} // by folder; the folder of a module
	order := slices.Sorted(maps.Keys(files))
	for i, file := range order {
		mod, err := parseGoMod(files[file])
		folder := path.Dir(file)
		switch {
		case checkPath(file) != nil || path.Base(file) != "go.mod":
			err = fmt.Errorf("%s: not the path of a go.mod file from the root of the repository", file)
		case err != nil:
			err = fmt.Errorf("%s: %w", file, err)
		case folders[mod.module] != "":
			err = fmt.Errorf("%s: module %s is in %s as well", file, mod.module, folders[mod.module])
		default:
			mods[folder], folders[mod.module] = mod, folder
		}
		if err != nil {
			errs = multierror.Append(errs, err)
		}
		order[i] = folder
	}
	if errs != nil {
		return nil, errs
	}
	slices.Sort(order)
	names := goModuleNames(order, mods)
	components := make([]Component, 0, len(order))
	for _, folder := range order {
		c := Component{Name: names[folder], Paths: []string{folder}, GoModule: mods[folder].module}
		for _, r := range mods[folder].requires {
			if on, ok := mods[folder].leadsTo(r, folder, mods, folders); ok && on != folder && !slices.Contains(c.DependsOn, names[on]) {
				c.DependsOn = append(c.DependsOn, names[on])
			}
		}
		slices.Sort(c.DependsOn)
		components = append(components, c)
	}
	return components, nil
}

// goModuleNames are the names of the modules' components by their folders.
func goModuleNames(order []string, mods map[string]goMod) map[string]string {
	names := map[string]string{}
	for _, folder := range order {
		names[folder] = folder
	}
	root, ok := mods[rootPath]
	if !ok {
		return names
	}
	name := root.module
	if line := readModuleLine(name); line.marked {
		name = strings.TrimSuffix(name, line.mark+strconv.FormatUint(line.highest, 10))
	}
	name = path.Base(name)
	if slices.Contains(order, name) {
		name = root.module
	}
	names[rootPath] = name
	return names
}

// leadsTo is the folder of the module that a requirement leads to, if it is among the modules.
func (f goMod) leadsTo(r goRequire, folder string, mods map[string]goMod, folders map[string]string) (string, bool) {
	if r.indirect {
		return "", false
	}
	for _, specific := range []bool{true, false} { // what is said of a version counts before what is said of all
		for _, by := range f.replaces {
			if by.oldPath != r.path || specific != (by.oldVersion != "") || specific && by.oldVersion != r.version {
				continue
			}
			if by.newVersion != "" {
				on, ok := folders[by.newPath]
				return on, ok
			}
			on := path.Join(folder, by.newPath)
			_, ok := mods[on]
			return on, ok && !path.IsAbs(by.newPath)
		}
	}
	on, ok := folders[r.path]
	return on, ok
}
