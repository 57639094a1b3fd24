package changelog

import (
	"fmt"
	"strconv"
	"strings"
)

// goMod is what of a go.mod file says which modules it builds on.
type goMod struct {
	module   string
	requires []goRequire
	replaces []goReplace
}

type goRequire struct {
	path, version string
	indirect      bool
}

// goReplace has an empty oldVersion for all versions, and an empty newVersion for a folder.
type goReplace struct{ oldPath, oldVersion, newPath, newVersion string }

// parseGoMod reads a go.mod file. Directives other than module, require and replace need the right form of a line or a
// block and are passed over, whatever they say, since each version of Go has further ones. The error names the line.
func parseGoMod(text string) (goMod, error) {
	var f goMod
	block := "" // the verb of the block that is open
	n := 0
	for line := range strings.Lines(text) {
		n++
		words, comment, err := goModWords(line)
		if err == nil && len(words) > 0 {
			err = f.line(&block, words, comment)
		}
		if err != nil {
			return goMod{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if block != "" {
		return goMod{}, fmt.Errorf("line %d: the block of %s is not closed", n, block)
	}
	if f.module == "" {
		return goMod{}, fmt.Errorf("line %d: there is no module directive", max(n, 1))
	}
	return f, nil
}

// goModWord is a word of a line. A word in quotes is never punctuation.
type goModWord struct {
	text   string
	quoted bool
}

func (w goModWord) is(punctuation string) bool { return !w.quoted && w.text == punctuation }

// line reads a line that is not empty: of the open block, or a directive, or the begin of a block.
func (f *goMod) line(block *string, words []goModWord, comment string) error {
	if *block == "" {
		verb := words[0]
		if verb.quoted || strings.ContainsAny(verb.text, "(),=") {
			return fmt.Errorf("%q where a directive must begin", verb.text)
		}
		if len(words) == 2 && words[1].is("(") {
			*block = verb.text
			return nil
		}
		return f.directive(verb.text, words[1:], comment)
	}
	if words[0].is(")") {
		if len(words) > 1 {
			return fmt.Errorf("%q after the end of a block", words[1].text)
		}
		*block = ""
		return nil
	}
	return f.directive(*block, words, comment)
}

func (f *goMod) directive(verb string, words []goModWord, comment string) error {
	switch verb {
	case "module", "require", "replace":
	default:
		return nil
	}
	var args []string
	arrow := -1
	for i, w := range words {
		switch {
		case w.is("=>") && arrow < 0:
			arrow = i
		case w.text == "" || !w.quoted && strings.Contains("( ) , =>", w.text):
			return fmt.Errorf("%s: %q is out of place", verb, w.text)
		}
		args = append(args, w.text)
	}
	switch {
	case verb == "module" && len(args) == 1 && arrow < 0:
		if f.module != "" {
			return fmt.Errorf("a second module directive")
		}
		f.module = args[0]
	case verb == "require" && len(args) == 2 && arrow < 0:
		indirect := comment == "indirect" || strings.HasPrefix(comment, "indirect;")
		f.requires = append(f.requires, goRequire{args[0], args[1], indirect})
	case verb == "replace" && (arrow == 1 || arrow == 2) && (len(args) == arrow+2 || len(args) == arrow+3):
		r := goReplace{oldPath: args[0], newPath: args[arrow+1]}
		if arrow == 2 {
			r.oldVersion = args[1]
		}
		if len(args) == arrow+3 {
			r.newVersion = args[arrow+2]
		}
		if folder := isGoFolder(r.newPath); folder == (r.newVersion != "") {
			return fmt.Errorf("replace: %q must be a folder that begins with ./ or ../, or a module with a version", r.newPath)
		}
		f.replaces = append(f.replaces, r)
	default:
		return fmt.Errorf("%s: want %s", verb, map[string]string{
			"module": "a path", "require": "a path and a version", "replace": "a path => a folder, or a path and a version",
		}[verb])
	}
	return nil
}

// isGoFolder reports whether the replacement of a module is a folder.
func isGoFolder(path string) bool {
	return path == "." || path == ".." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || strings.HasPrefix(path, "/")
}

// goModWords are the words of a line, and its comment without the slashes.
func goModWords(line string) (words []goModWord, comment string, err error) {
	for rest := line; ; {
		rest = strings.TrimLeft(rest, " \t\r\n")
		switch {
		case rest == "":
			return words, "", nil
		case strings.HasPrefix(rest, "//"):
			return words, strings.TrimSpace(rest[2:]), nil
		case rest[0] == '(' || rest[0] == ')' || rest[0] == ',':
			words, rest = append(words, goModWord{text: rest[:1]}), rest[1:]
			continue
		case rest[0] == '"' || rest[0] == '`':
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, "", fmt.Errorf("a quote is not closed")
			}
			text, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, "", fmt.Errorf("%s cannot be unquoted", quoted)
			}
			words, rest = append(words, goModWord{text, true}), rest[len(quoted):]
			continue
		}
		end := strings.IndexAny(rest, " \t\r\n(),\"`")
		if end < 0 {
			end = len(rest)
		}
		if slashes := strings.Index(rest[:end], "//"); slashes >= 0 {
			end = slashes
		}
		if strings.Contains(rest[:end], "/*") {
			return nil, "", fmt.Errorf("a comment must begin with //")
		}
		words, rest = append(words, goModWord{text: rest[:end]}), rest[end:]
	}
}
