package apidiff

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

// Tree is where the sources of a module are: in a folder, or in a revision of a git repository.
type Tree struct {
	// Dir is a folder, which is only read. With a Revision it is any folder of the repository, which may be bare.
	Dir string
	// Revision is a tag, a branch or a commit. Empty: the files are those that lie in Dir.
	Revision string
	// Module is the folder of the go.mod file, with slashes: from Dir, or with a Revision from the top of the
	// repository. Default: ".".
	Module string
}

func (t Tree) String() string {
	where := t.Dir
	if t.Module != "" && t.Module != "." {
		where = path.Join(filepath.ToSlash(where), t.Module)
	}
	if t.Revision != "" {
		return where + " at " + t.Revision
	}
	return where
}

// Target is what code is built for.
type Target struct {
	// OS and Arch are GOOS and GOARCH. Default: those of the environment, or else of this machine.
	OS, Arch string
	// Tags are build tags that are set.
	Tags []string
}

// String is the target's name: "linux/amd64 tags netgo,osusergo".
func (t Target) String() string {
	name := cmp.Or(t.OS, "default") + "/" + cmp.Or(t.Arch, "default")
	if t.OS == "" && t.Arch == "" {
		name = "default"
	}
	if len(t.Tags) > 0 {
		name += " tags " + strings.Join(t.Tags, ",")
	}
	return name
}

// Options say what to compare.
type Options struct {
	// Old is the module as it was released, New as it is to be released.
	Old, New Tree
	// Targets are compared one after the other, and their changes told together. Default: one, the default target.
	Targets []Target
	// Env are further environment variables for go, "NAME=value"; they overrule those of this process. GOWORK is off
	// and GO111MODULE on, unless they say otherwise.
	Env []string
	// Temp is the folder that revisions are written below. Default: that of the system.
	Temp string
	// Log gets what is done, at debug level. Nil: nowhere.
	Log hclog.Logger
}

// Validate reports everything that is wrong with the options, each problem with its field.
func (o Options) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	for _, side := range []struct {
		name string
		Tree
	}{{"Old", o.Old}, {"New", o.New}} {
		if side.Dir == "" {
			bad("%s.Dir: is missing", side.name)
		}
		if !filepath.IsLocal(filepath.FromSlash(cmp.Or(side.Module, "."))) {
			bad("%s.Module: %q is not within the folder", side.name, side.Module)
		}
		if strings.ContainsAny(side.Revision, "\x00\n") {
			bad("%s.Revision: %q is no revision", side.name, side.Revision)
		}
	}
	names := map[string]bool{}
	for i, t := range o.Targets {
		if name := t.String(); names[name] {
			bad("Targets[%d]: %s is there twice", i, name)
		} else {
			names[name] = true
		}
		for _, tag := range t.Tags {
			if tag == "" || strings.ContainsAny(tag, ", \t\n!&|()") {
				bad("Targets[%d].Tags: %q is no build tag", i, tag)
			}
		}
	}
	for i, entry := range o.Env {
		if name, _, ok := strings.Cut(entry, "="); !ok || name == "" {
			bad("Env[%d]: it is not of the form NAME=value", i)
		}
	}
	return errs.ErrorOrNil()
}

// targets are the targets with the default filled in.
func (o Options) targets() []Target {
	if len(o.Targets) == 0 {
		return []Target{{}}
	}
	return o.Targets
}

func (o Options) log() hclog.Logger {
	if o.Log == nil {
		return hclog.NewNullLogger()
	}
	return o.Log
}

// environment is what go is run with, for a target.
func (o Options) environment(base []string, t Target) []string {
	env := slices.DeleteFunc(slices.Clone(base), func(entry string) bool { return strings.HasPrefix(entry, "GIT_") })
	env = append(env, "GOWORK=off", "GO111MODULE=on", "GOPACKAGESDRIVER=off")
	env = append(env, o.Env...)
	if t.OS != "" {
		env = append(env, "GOOS="+t.OS)
	}
	if t.Arch != "" {
		env = append(env, "GOARCH="+t.Arch)
	}
	return env
}

var (
	// ErrNoGo says that there is no go to run.
	ErrNoGo = errors.New("go is not installed, or not in PATH")
	// ErrNoModule says that a folder has no go.mod file that can be read.
	ErrNoModule = errors.New("no Go module")
	// ErrNoRevision says that the repository has no such revision, or no commit by that name.
	ErrNoRevision = errors.New("no such revision; a clone without tags or of a part of the history lacks them")
	// ErrNoPackages says that a module has no package that is built for a target, so that there is nothing to compare.
	ErrNoPackages = errors.New("no package is built")
)

// BuildError says that packages of a module cannot be loaded for a target.
type BuildError struct {
	// Tree is the side that failed, Target what it was built for.
	Tree   Tree
	Target Target
	// Err are the messages of go and of the compiler.
	Err error
}

// Error is the side, the target, and what is wrong.
func (e *BuildError) Error() string {
	return fmt.Sprintf("%s does not build for %s: %v", e.Tree, e.Target, e.Err)
}

// Unwrap is what is wrong.
func (e *BuildError) Unwrap() error { return e.Err }
