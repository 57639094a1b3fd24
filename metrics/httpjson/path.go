package httpjson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// path leads to a value in a document.
type path struct {
	text  string
	steps []string
}

// newPath reads a path: see the package comment.
func newPath(text string) (path, error) {
	p := path{text: text}
	if text == "." {
		return p, nil
	}
	var step strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			i++
			if i == len(text) || text[i] != '.' && text[i] != '\\' {
				return p, fmt.Errorf(`%q: a backslash stands before a dot or a backslash only`, text)
			}
			step.WriteByte(text[i])
		case '.':
			p.steps = append(p.steps, step.String())
			step.Reset()
		default:
			step.WriteByte(c)
		}
	}
	p.steps = append(p.steps, step.String())
	for _, s := range p.steps {
		if s == "" {
			return p, fmt.Errorf("%q: there is nothing between two dots, or at an end", text)
		}
	}
	return p, nil
}

// errNothing says that a path meets null, or a list that is empty.
var errNothing = errors.New("there is nothing")

// find follows the path. Its error is errNothing, or says why the document is not what it was taken for.
func (p path) find(doc any) (any, error) {
	for i, step := range p.steps {
		switch at := doc.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return nil, fmt.Errorf("%s: its answer has no such field", p.upTo(i))
			}
			doc = next
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%s: its answer has a list there, which has no field of that name", p.upTo(i))
			}
			if len(at) == 0 {
				return nil, errNothing
			}
			if n >= len(at) {
				return nil, fmt.Errorf("%s: its answer has a list of %d there", p.upTo(i), len(at))
			}
			doc = at[n]
		case nil:
			return nil, errNothing
		default:
			return nil, fmt.Errorf("%s: its answer has %s before it, which has no fields", p.upTo(i), kindOf(doc))
		}
	}
	if list, ok := doc.([]any); doc == nil || ok && len(list) == 0 {
		return nil, errNothing
	}
	return doc, nil
}

// upTo is the path up to a step.
func (p path) upTo(step int) string { return strings.Join(p.steps[:step+1], ".") }
