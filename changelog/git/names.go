package git

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// named is a reference, by its full name, with the id of the object that it stands for.
type named struct{ name, id string }

const (
	tagsBelow  = "refs/tags/"
	headsBelow = "refs/heads/"
)

// named are all tags, in the order of their names, and the commit of a branch, which is "" where there is none: as git keeps them
// in files, without the price of a process. It says no wherever git would have to think twice: about a reference that stands
// for another one, that is broken, or that has an odd name.
func (p place) named(branch string) (tags []named, head string, ok bool) {
	if branch != "" && (!strings.HasPrefix(branch, headsBelow) || strings.Contains(branch, "..")) {
		return nil, "", false
	}
	// Whoever packs references writes the pack first, so what is in no file of its own by now is in the pack.
	var own []named
	if own, ok = p.unpacked(nil, tagsBelow); !ok {
		return nil, "", false
	}
	if branch != "" {
		if head, ok = p.reference(branch); !ok {
			return nil, "", false
		}
	}
	packed, err := os.ReadFile(filepath.Join(p.shared, "packed-refs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", false
	}
	if tags, head, ok = unpack(packed, branch, head); !ok {
		return nil, "", false
	}
	return merged(tags, own), head, true
}

// unpacked adds the references below a folder that have a file of their own.
func (p place) unpacked(all []named, below string) ([]named, bool) {
	entries, err := os.ReadDir(filepath.Join(p.shared, filepath.FromSlash(below)))
	if errors.Is(err, fs.ErrNotExist) {
		return all, true
	}
	for _, entry := range entries {
		name := below + entry.Name()
		switch {
		case strings.HasSuffix(name, ".lock"):
			continue
		case !isPlainName(entry.Name()):
			return nil, false
		}
		var ok bool
		if entry.IsDir() {
			all, ok = p.unpacked(all, name+"/")
		} else {
			var id string
			id, ok = p.reference(name)
			if id != "" { // or else it was packed or deleted just now
				all = append(all, named{name, id})
			}
		}
		if !ok {
			return nil, false
		}
	}
	return all, err == nil
}

// reference reads the file of a reference. The id is empty where there is no file.
func (p place) reference(name string) (id string, ok bool) {
	file := filepath.Join(p.shared, filepath.FromSlash(name))
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return "", true
	}
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", true
	}
	id = strings.TrimSuffix(string(text), "\n")
	return id, err == nil && isObject(id)
}

// unpack finds the tags in the file of packed references, and the commit of a branch that has no file of its own.
func unpack(packed []byte, branch, head string) (tags []named, commit string, ok bool) {
	text := string(packed)
	tags = make([]named, 0, bytes.Count(packed, []byte(" "+tagsBelow)))
	for line := range strings.Lines(text) {
		id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case strings.HasPrefix(line, "#") || strings.HasPrefix(line, "^"): // what an annotated tag points at
			continue
		case !ok || !isObject(id):
			return nil, "", false
		case name == branch:
			if head == "" {
				head = id
			}
			continue
		case !strings.HasPrefix(name, tagsBelow):
			continue
		}
		for part := range strings.SplitSeq(name[len(tagsBelow):], "/") {
			if !isPlainName(part) {
				return nil, "", false
			}
		}
		tags = append(tags, named{name, id})
	}
	return tags, head, true
}

// merged are the references of both lists in the order of their names. Those with files of their own count.
func merged(packed, own []named) []named {
	all := append(own, packed...)
	byName := func(a, b named) int { return strings.Compare(a.name, b.name) }
	if !slices.IsSortedFunc(all, byName) {
		slices.SortStableFunc(all, byName)
	}
	return slices.CompactFunc(all, func(a, b named) bool { return a.name == b.name })
}

// isObject says whether a text is the full id of an object that may be there: zeros stand for none.
func isObject(text string) bool { return isID(text) && strings.Count(text, "0") < len(text) }

// isPlainName says whether a part of a reference's name is surely one that git takes.
func isPlainName(part string) bool {
	for _, c := range []byte(part) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == '+':
		case c == '@', c == '=', c == ',', c == '%', c == '#', c == '!':
		default:
			return false
		}
	}
	return part != "" && part[0] != '.' && part[len(part)-1] != '.' && !strings.Contains(part, "..") && !strings.HasSuffix(part, ".lock")
}
