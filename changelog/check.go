package changelog

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

type badFunc func(format string, args ...any)

// validateComponents reports what is wrong with the components and what binds them.
func (p Policy) validateComponents(bad badFunc) {
	names := map[string]bool{}
	for i, c := range p.Components {
		field := fmt.Sprintf("Components[%d]", i)
		switch {
		case c.Name == "" && len(p.Components) > 1:
			bad("%s.Name: is empty, where there are several components", field)
		case names[c.Name]:
			bad("%s.Name: %q comes twice", field, c.Name)
		case c.Name != "":
			field = fmt.Sprintf("Components[%q]", c.Name)
		}
		names[c.Name] = true
		c.validatePaths(func(format string, args ...any) { bad(field+"."+format, args...) })
		c.validateVersions(p, func(format string, args ...any) { bad(field+"."+format, args...) })
	}
	p.validateDependencies(names, bad)
	p.validateGroups(names, bad)
	p.validateUmbrella(names, bad)
	p.validateFormats(bad)
}

// validatePaths reports what is wrong with what belongs to a component.
func (c Component) validatePaths(bad badFunc) {
	said := map[string]string{}
	for _, list := range []struct {
		field string
		paths []string
	}{{"Paths", c.Paths}, {"Aliases", c.Aliases}, {"Excludes", c.Excludes}} {
		for i, p := range list.paths {
			field := fmt.Sprintf("%s[%d]", list.field, i)
			if err := checkPath(p); err != nil {
				bad("%s: %w", field, err)
				continue
			}
			if before := said[p]; before != "" {
				bad("%s: %q is in %s already", field, p, before)
			}
			said[p] = list.field
			if list.field == "Excludes" && !slices.ContainsFunc(slices.Concat(c.ownPaths(), c.Aliases), func(own string) bool { return within(p, own) }) {
				bad("%s: %q is within none of the component's paths", field, p)
			}
		}
	}
	for i, scope := range c.Scopes {
		if scope == "" || strings.TrimSpace(scope) != scope || strings.ContainsAny(scope, "(),\r\n") {
			bad("Scopes[%d]: %q is no single scope", i, scope)
		}
	}
}

// within reports whether a path is a folder or lies in it.
func within(p, folder string) bool {
	return folder == rootPath || p == folder || strings.HasPrefix(p, folder+"/")
}

// checkPath fails for what is not the plain path of a file or folder from the root of a repository.
func checkPath(p string) error {
	switch clean := path.Clean(p); {
	case p == "":
		return errors.New("is empty; the whole repository is \".\"")
	case strings.ContainsAny(p, "\\\x00"):
		return fmt.Errorf("%q has a backslash or a NUL in it: paths have slashes", p)
	case strings.ContainsAny(p, "*?"):
		return fmt.Errorf("%q has a wildcard in it: folders and files are wanted, and a folder has all that lies in it", p)
	case path.IsAbs(p) || clean == ".." || strings.HasPrefix(clean, "../"):
		return fmt.Errorf("%q does not begin at the root of the repository", p)
	case clean != p:
		return fmt.Errorf("%q must be written as %q", p, clean)
	}
	return nil
}

// validateVersions reports what is wrong with the versions of a component and how they are written.
func (c Component) validateVersions(p Policy, bad badFunc) {
	if err := c.Tags.Validate(); err != nil {
		bad("Tags: %w", err)
	}
	if c.Initial != nil {
		if err := checkInitial(c.Initial); err != nil {
			bad("Initial: %w", err)
		} else if err := c.allows(c.Initial); err != nil {
			bad("Initial: %w", err)
		}
	}
	if c.GoModule == "" {
		return
	}
	if err := checkModulePath(c.GoModule); err != nil {
		bad("GoModule: %w", err)
	}
	switch {
	case len(c.ownPaths()) == 0:
		bad("GoModule: the module's folder must be the first of Paths")
	case c.Tags != "" && c.Tags != goFormat(c):
		bad("Tags: %q is not what Go wants for the folder %s: leave it empty, or have %q", c.Tags, c.ownPaths()[0], goFormat(c))
	}
}

// checkInitial fails for what cannot be a first version.
func checkInitial(v *semver.Version) error {
	switch {
	case v.Prerelease() != "" || v.Metadata() != "":
		return fmt.Errorf("%s must be three numbers and no more", v)
	case v.Original() != v.String():
		return fmt.Errorf("%q must be written as %s", v.Original(), v)
	}
	return nil
}

// checkModulePath fails for what cannot be the path of a Go module.
func checkModulePath(module string) error {
	if strings.ContainsFunc(module, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"`(),\\\x7f", r) }) ||
		path.Clean(module) != module || path.IsAbs(module) || strings.HasPrefix(module, ".") {
		return fmt.Errorf("%q is not the path of a module", module)
	}
	if last := path.Base(module); !strings.HasPrefix(module, "gopkg.in/") && (last == "v0" || last == "v1") {
		return fmt.Errorf("%q ends in %s, which Go refuses: v0 and v1 have no such ending", module, last)
	}
	return nil
}
