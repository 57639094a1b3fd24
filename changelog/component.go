package changelog

import (
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Component is a part of a repository that has versions of its own.
type Component struct {
	// Name tells components apart. A policy without components has one, without a name, that is everything.
	Name string `json:"name"`
	// Paths are the folders and files that belong to it, from the root of the repository, with slashes:
	// "services/api". They hold no wildcards. The component with the longest path has a file; several that have the same path all have it.
	// ".": all that no other component has by a longer path. Default: ".", or, where there are Scopes, no paths.
	Paths []string `json:"paths,omitempty"`
	// Excludes are paths within Paths that do not belong to it. They are those of the component with the next shorter
	// path, if there is one. A longer one of Paths takes back a part of them.
	Excludes []string `json:"excludes,omitempty"`
	// Aliases are paths that it had formerly: a commit that changed one of them counts as its own, unless the path is one of the
	// Paths of another component by now.
	Aliases []string `json:"aliases,omitempty"`
	// Scopes are the scopes of commits that belong to it, whatever they change, in whatever case. A commit with the
	// scope "api, web" has two. Default: none.
	Scopes []string `json:"scopes,omitempty"`
	// Tags is how its versions are written as tags. Default: "NAME/v{version}", and for the component
	// without a name or with the path "." what Policy.Tags says.
	Tags TagFormat `json:"tags,omitempty"`
	// Initial is its first version. Default: what Policy.Initial says.
	Initial *semver.Version `json:"initial,omitempty"`
	// DependsOn are the names of the components that it is built from: a release of one of them
	// makes a release of this one, of the level that Policy.Propagate says.
	DependsOn []string `json:"depends_on,omitempty"`
	// GoModule is the module path of a Go module, "example.org/boat/v2". It makes Tags the format that
	// Go wants for the module's folder, which is the first of Paths, and a version whose major number the
	// path does not allow an error before anything is tagged.
	GoModule string `json:"go_module,omitempty"`
}

// Group binds components together.
type Group struct {
	// Name tells groups apart.
	Name string `json:"name"`
	// Kind is how they are bound. There is no default.
	Kind GroupKind `json:"kind"`
	// Components are their names, two at least. A component is in one group at most.
	Components []string `json:"components"`
}

// GroupKind is how the components of a group are bound together.
type GroupKind string

const (
	// Fixed components are always released together, with one version: the one after the highest of the group, by the
	// highest level in it. One that was left behind when the others got a version gets it by itself.
	Fixed GroupKind = "fixed"
	// Linked components get one version when they are released, and need not be released together: the one after the
	// highest of the group, by the highest level of those that are released.
	Linked GroupKind = "linked"
)

// Propagation is the level that a component gets from the release of one that it depends on. It counts like that of a
// commit: the highest level wins.
type Propagation string

const (
	// PropagatePatch makes it a patch release, whatever the other one is. It is the default.
	PropagatePatch Propagation = "patch"
	// PropagateSame gives it the level of the other one. Below 1.0.0 Policy.Zero has a say.
	PropagateSame Propagation = "same"
	// PropagateNone makes no release of it.
	PropagateNone Propagation = "none"
)

// rootPath is the path of the whole repository.
const rootPath = "."

// ownPaths are the component's paths with their default.
func (c Component) ownPaths() []string {
	if len(c.Paths) == 0 && len(c.Scopes) == 0 {
		return []string{rootPath}
	}
	return c.Paths
}

func (c Component) isRoot() bool { return slices.Contains(c.ownPaths(), rootPath) }

// components are the policy's components, or the one that is everything.
func (p Policy) components() []Component {
	if len(p.Components) == 0 {
		return []Component{{}}
	}
	return p.Components
}

// formatOf is how the versions of a component are written as tags.
func (p Policy) formatOf(c Component) TagFormat {
	switch {
	case c.Tags != "":
		return c.Tags
	case c.GoModule != "":
		return goFormat(c)
	case c.Name == "" || c.isRoot():
		return p.Tags
	}
	return TagFormat(c.Name + "/v" + versionMark)
}

// NeedsPaths reports whether the policy looks at Commit.Paths, so that whoever reads a repository has to read
// them too.
func (p Policy) NeedsPaths() bool {
	for _, c := range p.Components {
		if len(c.Excludes) > 0 || len(c.Aliases) > 0 || slices.ContainsFunc(c.Paths, func(path string) bool { return path != rootPath }) {
			return true
		}
	}
	return false
}
