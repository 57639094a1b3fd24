package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// place is where a repository keeps its files.
type place struct {
	// own has what belongs to one working tree alone, HEAD above all.
	own string
	// shared has what all working trees have in common.
	shared string
}

// discover finds the repository that a folder is in as git does, without the price of a process. It says
// no where there is none, and wherever git would have to think twice: about an owner who is somebody else, a
// folder that is nearly a repository, or a limit to the search. Git has the last word at the first command.
func discover(dir string) (place, bool) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil || os.Getenv("GIT_CEILING_DIRECTORIES") != "" {
		return place{}, false
	}
	for {
		within := filepath.Join(dir, ".git")
		info, err := os.Lstat(within)
		switch {
		case err == nil && info.IsDir():
			return placed(within, dir, within)
		case err == nil && info.Mode().IsRegular():
			own, ok := linked(within)
			if !ok {
				return place{}, false
			}
			return placed(own, dir, within)
		case err == nil || !errors.Is(err, fs.ErrNotExist):
			return place{}, false
		}
		if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err == nil { // bare, perhaps
			return placed(dir, dir, dir)
		}
		above := filepath.Dir(dir)
		if above == dir {
			return place{}, false
		}
		dir = above
	}
}

// linked reads the file that a linked working tree, and a submodule, have instead of a folder.
func linked(file string) (string, bool) {
	return pointer(file, "gitdir: ", filepath.Dir(file))
}

// pointer reads the path in a file of one line, which is relative to a folder.
func pointer(file, prefix, to string) (string, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", false
	}
	name, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), prefix)
	if !ok || name == "" || strings.ContainsAny(name, "\n\x00") {
		return "", false
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(to, name)
	}
	return filepath.Clean(name), true
}

// placed is the place with that folder of its own, if it has what a repository must have, and if it and
// what led to it belong to whoever asks.
func placed(own string, ledBy ...string) (place, bool) {
	p := place{own: own, shared: own}
	if _, err := os.Lstat(filepath.Join(own, "commondir")); err == nil {
		var ok bool
		if p.shared, ok = pointer(filepath.Join(own, "commondir"), "", own); !ok {
			return place{}, false
		}
	}
	if _, err := p.head(); err != nil {
		return place{}, false
	}
	for _, name := range append(ledBy, own, p.shared) {
		if info, err := os.Lstat(name); err != nil || !owned(info) {
			return place{}, false
		}
	}
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Stat(filepath.Join(p.shared, name)); err != nil || !info.IsDir() {
			return place{}, false
		}
	}
	return p, true
}

// errHead says that HEAD is of a kind that only git can read.
var errHead = errors.New("HEAD is neither a branch nor a commit")

// standing is what HEAD says: the name of a reference, or the id of a commit.
type standing struct{ reference, commit string }

// head reads HEAD.
func (p place) head() (standing, error) {
	name := filepath.Join(p.own, "HEAD")
	if info, err := os.Lstat(name); err != nil {
		return standing{}, err
	} else if !info.Mode().IsRegular() { // very old repositories have a symbolic link
		return standing{}, errHead
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return standing{}, err
	}
	line := strings.TrimRight(string(text), "\n")
	if reference, ok := strings.CutPrefix(line, "ref: "); ok {
		reference = strings.TrimSpace(reference)
		if !strings.HasPrefix(reference, "refs/") || reference == "refs/heads/.invalid" || strings.ContainsAny(reference, "\n*?[") {
			return standing{}, errHead
		}
		return standing{reference: reference}, nil
	}
	if !isID(line) {
		return standing{}, errHead
	}
	return standing{commit: line}, nil
}

// shallow says whether the repository lacks a part of its history.
func (p place) shallow() (bool, error) {
	info, err := os.Stat(filepath.Join(p.shared, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return info.Size() > 0, nil
}

// hexadecimal are the digits of ids.
var hexadecimal = [256]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true,
}

// isID says whether a text is the full id of an object.
func isID(text string) bool {
	if len(text) != 40 && len(text) != 64 {
		return false
	}
	for i := range len(text) {
		if !hexadecimal[text[i]] {
			return false
		}
	}
	return true
}

// ask lets git find the repository that a folder is in.
func (r *Repository) ask(ctx context.Context) (place, error) {
	out, err := r.output(ctx, "rev-parse", "--is-shallow-repository", "--git-dir", "--git-common-dir")
	if err != nil {
		return place{}, err
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 3 || lines[0] != "true" && lines[0] != "false" {
		return place{}, fmt.Errorf("cannot tell whether the clone is shallow: this git is too old (it answered %q)", lines[0])
	}
	for i, name := range lines {
		if !filepath.IsAbs(name) {
			lines[i] = filepath.Join(r.dir, name)
		}
	}
	return place{own: lines[1], shared: lines[2]}, nil
}
