package apidiff

import (
	"fmt"
	"go/types"
	"regexp"
	"slices"
	"strings"

	exp "golang.org/x/exp/apidiff"
)

// generic are the changes of type parameters and constraints, which x/exp/apidiff does not look at: it compares
// functions by their parameters and results, interfaces by their methods, and aliases by what they stand for.
func generic(old, new *types.Package) []exp.Change {
	var all []exp.Change
	for _, name := range old.Scope().Names() {
		before, after := old.Scope().Lookup(name), new.Scope().Lookup(name)
		if !before.Exported() || after == nil {
			continue
		}
		switch before := before.(type) {
		case *types.Func:
			if after, ok := after.(*types.Func); ok {
				all = append(all, parameters(name, before.Signature().TypeParams(), after.Signature().TypeParams())...)
			}
		case *types.TypeName:
			if after, ok := after.(*types.TypeName); ok {
				all = append(all, constraint(name, before.Type(), after.Type())...)
				all = append(all, alias(name, before.Type(), after.Type())...)
			}
		}
	}
	return all
}

// alias compares the type parameters of an alias that stays one.
func alias(name string, old, new types.Type) []exp.Change {
	before, ok := old.(*types.Alias)
	after, too := new.(*types.Alias)
	if !ok || !too {
		return nil
	}
	return parameters(name, before.TypeParams(), after.TypeParams())
}

// parameters compares the type parameters of a function or an alias. Only one whose constraint becomes any is compatible.
func parameters(name string, old, new *types.TypeParamList) []exp.Change {
	before, after := written(old, old), written(new, old)
	if slices.Equal(before, after) {
		return nil
	}
	looser := len(before) == len(after)
	for i := range min(len(before), len(after)) {
		looser = looser && (before[i] == after[i] || strings.HasSuffix(after[i], " any"))
	}
	what := fmt.Sprintf("%s: type parameters changed from [%s] to [%s]", name, strings.Join(before, ", "), strings.Join(after, ", "))
	return []exp.Change{{Message: what, Compatible: looser}}
}

// stand is what stands for a name while others are replaced: no name contains it.
func stand(k int) string { return fmt.Sprintf("\x00%d\x00", k) }

// written are type parameters as text, with the names that another list gives them: a name makes no difference.
func written(list, names *types.TypeParamList) []string {
	all := make([]string, list.Len())
	for i := range all {
		all[i] = types.TypeString(list.At(i).Constraint(), nil)
		if all[i] == "interface{}" {
			all[i] = "any"
		}
	}
	for k := range min(list.Len(), names.Len()) {
		own, other := list.At(k).Obj().Name(), names.At(k).Obj().Name()
		if own == other {
			continue
		}
		word := regexp.MustCompile(`\b` + regexp.QuoteMeta(own) + `\b`)
		for i := range all {
			all[i] = word.ReplaceAllLiteralString(all[i], stand(k))
		}
	}
	for k := range min(list.Len(), names.Len()) { // all at once: two of them may have swapped their names
		for i := range all {
			all[i] = strings.ReplaceAll(all[i], stand(k), names.At(k).Obj().Name())
		}
	}
	for i := range all {
		name := list.At(i).Obj().Name()
		if i < names.Len() {
			name = names.At(i).Obj().Name()
		}
		all[i] = name + " " + all[i]
	}
	return all
}

// constraint compares the sets of types of two interfaces.
func constraint(name string, old, new types.Type) []exp.Change {
	before, ok := old.Underlying().(*types.Interface)
	after, too := new.Underlying().(*types.Interface)
	if !ok || !too {
		return nil
	}
	from, to := terms(before), terms(after)
	if from == to {
		return nil
	}
	return []exp.Change{{Message: fmt.Sprintf("%s: set of types changed from %s to %s", name, from, to)}}
}

// terms are the types that an interface admits, as text: those of all that it embeds.
func terms(i *types.Interface) string {
	var all []string
	if i.IsComparable() {
		all = append(all, "comparable")
	}
	gather(i, &all)
	if len(all) == 0 {
		return "all types"
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "; ")
}

func gather(i *types.Interface, all *[]string) {
	for e := range i.EmbeddedTypes() {
		switch u := types.Unalias(e).(type) {
		case *types.Union:
			var text []string
			for t := range u.Terms() {
				text = append(text, t.String())
			}
			slices.Sort(text)
			*all = append(*all, strings.Join(text, " | "))
		default:
			if inner, ok := u.Underlying().(*types.Interface); ok {
				gather(inner, all)
				continue
			}
			*all = append(*all, types.TypeString(u, nil))
		}
	}
}
