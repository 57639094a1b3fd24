package apidiff

import (
	"go/types"
	"strings"
)

// exposed are the types of internal packages that users of an API come to hold, by the package's path and their name.
func exposed(of api) map[string]map[string]bool {
	w := walk{hidden: map[*types.Package]bool{}, seen: map[types.Type]bool{}, found: map[string]map[string]bool{}}
	for _, p := range of.hidden {
		w.hidden[p] = true
		w.found[p.Path()] = map[string]bool{}
	}
	if len(of.hidden) == 0 {
		return w.found
	}
	for _, p := range of.public {
		for _, name := range p.Scope().Names() {
			if o := p.Scope().Lookup(name); o.Exported() {
				w.visit(o.Type())
			}
		}
	}
	return w.found
}

// walk goes through all types that can be seen from where it begins.
type walk struct {
	hidden map[*types.Package]bool
	seen   map[types.Type]bool
	found  map[string]map[string]bool
}

func (w *walk) visit(t types.Type) {
	t = types.Unalias(t)
	if t == nil || w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		w.named(t)
	case *types.TypeParam:
		w.visit(t.Constraint())
	case *types.Map:
		w.visit(t.Key())
		w.visit(t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		w.visit(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Anonymous() { // the exported fields of what is embedded are seen, too
				w.visit(f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			w.visit(m.Type())
		}
		for e := range t.EmbeddedTypes() {
			w.visit(e)
		}
	case *types.Union:
		for term := range t.Terms() {
			w.visit(term.Type())
		}
	case *types.Signature:
		for p := range t.TypeParams().TypeParams() {
			w.visit(p)
		}
		for v := range t.Params().Variables() {
			w.visit(v.Type())
		}
		for v := range t.Results().Variables() {
			w.visit(v.Type())
		}
	}
}

// named visits what a defined type shows: of another module's nothing but its type arguments.
func (w *walk) named(t *types.Named) {
	for a := range t.TypeArgs().Types() {
		w.visit(a)
	}
	p := t.Obj().Pkg()
	if p == nil {
		return
	}
	if names := w.found[p.Path()]; names != nil && w.hidden[p] {
		names[t.Obj().Name()] = true
	}
	for a := range t.TypeParams().TypeParams() {
		w.visit(a)
	}
	w.visit(t.Underlying())
	for m := range t.Methods() {
		if m.Exported() {
			w.visit(m.Type())
		}
	}
}

// subject is the symbol that a change is of: T of "(*T[V]).Method, method set of U: removed".
func subject(change string) string {
	change = strings.TrimLeft(change, "(*")
	if end := strings.IndexAny(change, ".,:)["); end >= 0 {
		change = change[:end]
	}
	return change
}
