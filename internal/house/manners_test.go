package house_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// loud are the functions and variables of other packages that a library leaves alone; a name that
// ends in * stands for all that begin so.
var loud = map[string][]string{
	"fmt":                           {"Print*"},
	"log":                           {"Print*", "Fatal*", "Panic*", "Default", "Set*"},
	"os":                            {"Exit", "Stdout", "Stderr", "Stdin"},
	"github.com/hashicorp/go-hclog": {"Default", "L", "SetDefault"},
}

// rude: a library package does not print, does not end the process, and has no init function.
func rude(c *typed) []string {
	var broken []string
	for _, p := range c.tree.packages {
		if !p.isLibrary() {
			continue
		}
		for _, s := range p.built() {
			report := func(n ast.Node, what string) {
				broken = append(broken, fmt.Sprintf("%s: a library does not use %s", c.tree.at(n.Pos()), what))
			}
			ast.Inspect(s.ast, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Recv == nil && n.Name.Name == "init" {
						report(n, "init: what happens must be seen where it is asked for")
					}
				case *ast.Ident:
					switch used := c.info.Uses[n].(type) {
					case *types.Builtin:
						if used.Name() == "print" || used.Name() == "println" {
							report(n, used.Name())
						}
					case *types.Func, *types.Var:
						if used.Pkg() != nil && used.Parent() == used.Pkg().Scope() && isLoud(used) {
							report(n, used.Pkg().Path()+"."+used.Name())
						}
					}
				}
				return true
			})
		}
	}
	return broken
}

func isLoud(used types.Object) bool {
	return slices.ContainsFunc(loud[used.Pkg().Path()], func(name string) bool {
		prefix, all := strings.CutSuffix(name, "*")
		return used.Name() == name || all && strings.HasPrefix(used.Name(), prefix)
	})
}

func TestLibrariesAreQuiet(t *testing.T) {
	keeps(t, typedRule(rude))
	in := func(pkg, text string) map[string]string { return one("a/a.go", "package a\nimport \""+pkg+"\"\n"+text) }
	rejects(t, typedRule(rude),
		bad{"prints", in("fmt", `func F() { fmt.Println("x") }`), []string{"a/a.go:3: a library does not use fmt.Println"}},
		bad{"prints by a builtin", one("a/a.go", `package a; func F() { println("x") }`), []string{"println"}},
		bad{"prints by a value", in("fmt", `var F = fmt.Printf`), []string{"fmt.Printf"}},
		bad{"exits", in("os", `func F() { os.Exit(1) }`), []string{"os.Exit"}},
		bad{"writes to the terminal", in("os", `func F() { os.Stderr.Close() }`), []string{"os.Stderr"}},
		bad{"logs to whom it may concern", in("log", `func F() { log.Printf("x") }`), []string{"log.Printf"}},
		bad{"ends by log", in("log", `func F() { log.Fatal("x") }`), []string{"log.Fatal"}},
		bad{"shares a logger", in("github.com/hashicorp/go-hclog", `var F = hclog.Default`), []string{"hclog.Default"}},
		bad{"begins by itself", one("a/a.go", `package a; func init() { }`), []string{"init"}},
		bad{"a program", one("examples/a/main.go", "package main\nimport \"fmt\"\nfunc main() { fmt.Println() }"), nil},
		bad{"good ones", map[string]string{
			"a/a.go":      "package a\nimport (\"fmt\"; \"io\"; \"log\")\nfunc F(w io.Writer) *log.Logger { fmt.Fprintln(w); return log.New(w, \"\", 0) }\nfunc (x T) init() {}\ntype T struct{}",
			"a/a_test.go": "package a\nfunc f() { println() }",
		}, nil},
	)
}

// immutable are the types of variables that may live as long as the process: none of their methods
// changes them.
var immutable = []string{"*regexp.Regexp", "*text/template.Template", "*html/template.Template", "*github.com/Masterminds/semver/v3.Version", "reflect.Type", "embed.FS"}

// constant are the types whose values would be constants if Go had any of that kind: a typed key is
// nothing but a name.
var constant = []string{module + "/stage.Key["}

// global: a package-level variable of a library is an error, or a table that nobody writes to.
func global(c *typed) []string {
	var broken []string
	for _, p := range c.tree.packages {
		if !p.isLibrary() {
			continue
		}
		written := writes(c, p)
		for _, s := range p.built() {
			for _, decl := range s.ast.Decls {
				vars, ok := decl.(*ast.GenDecl)
				if !ok || vars.Tok != token.VAR {
					continue
				}
				for _, spec := range vars.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						if why := mutable(c, name, written); why != "" {
							broken = append(broken, fmt.Sprintf("%s: package variable %s: %s", c.tree.at(name.Pos()), name.Name, why))
						}
					}
				}
			}
		}
	}
	return broken
}

// mutable says why a package variable may change, "" when it cannot.
func mutable(c *typed, name *ast.Ident, written map[types.Object]token.Pos) string {
	if name.Name == "_" {
		return ""
	}
	v := c.info.Defs[name]
	if pos, ok := written[v]; ok {
		return "is written to at " + c.tree.at(pos)
	}
	if isError(v.Type()) {
		return ""
	}
	named := func(prefix string) bool { return strings.HasPrefix(types.TypeString(v.Type(), nil), prefix) }
	if slices.ContainsFunc(constant, named) {
		return ""
	}
	if v.Exported() {
		return "is exported and no error, so that others may write to it"
	}
	return changing(v.Type(), map[types.Type]bool{})
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// changing says why a value of the type may change though nobody assigns to it, "" when it cannot.
func changing(t types.Type, seen map[types.Type]bool) string {
	name := types.TypeString(t, nil)
	if seen[t] || slices.Contains(immutable, name) || isError(t) {
		return ""
	}
	seen[t] = true
	if strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "sync/atomic.") {
		return "holds a " + name
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer, *types.Chan, *types.Interface:
		return "holds a " + name + ", which has a state of its own"
	case *types.Struct:
		for field := range u.Fields() {
			if why := changing(field.Type(), seen); why != "" {
				return why
			}
		}
	case *types.Slice:
		return changing(u.Elem(), seen)
	case *types.Array:
		return changing(u.Elem(), seen)
	case *types.Map:
		return changing(u.Elem(), seen)
	}
	return ""
}

// writes finds the package variables of a package that it assigns to, in part or as a whole, or
// takes the address of.
func writes(c *typed, p *pkg) map[types.Object]token.Pos {
	written := map[types.Object]token.Pos{}
	mark := func(target ast.Expr) {
		if v := rootOf(c, target); v != nil {
			if _, ok := written[v]; !ok {
				written[v] = target.Pos()
			}
		}
	}
	for _, s := range p.built() {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, target := range n.Lhs {
					mark(target)
				}
			case *ast.IncDecStmt:
				mark(n.X)
			case *ast.RangeStmt:
				if n.Key != nil {
					mark(n.Key)
				}
				if n.Value != nil {
					mark(n.Value)
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					mark(n.X)
				}
			case *ast.CallExpr:
				markCall(c, n, mark)
			}
			return true
		})
	}
	return written
}

// markCall marks what builtins change, and values whose methods are called by address.
func markCall(c *typed, n *ast.CallExpr, mark func(ast.Expr)) {
	if name, ok := ast.Unparen(n.Fun).(*ast.Ident); ok {
		if b, ok := c.info.Uses[name].(*types.Builtin); ok && slices.Contains([]string{"delete", "clear", "copy"}, b.Name()) {
			mark(n.Args[0])
		}
	}
	selector, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	selection := c.info.Selections[selector]
	if selection == nil || selection.Kind() != types.MethodVal {
		return
	}
	receiver := selection.Obj().(*types.Func).Signature().Recv().Type()
	_, byAddress := receiver.Underlying().(*types.Pointer)
	if _, isPointer := c.info.TypeOf(selector.X).Underlying().(*types.Pointer); byAddress && !isPointer {
		mark(selector.X)
	}
}

// rootOf is the package variable that an expression is a part of, nil for none.
func rootOf(c *typed, e ast.Expr) types.Object {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if v := packageVar(c, x.Sel); v != nil {
				return v
			}
			e = x.X
		case *ast.Ident:
			return packageVar(c, x)
		default:
			return nil
		}
	}
}

func packageVar(c *typed, name *ast.Ident) types.Object {
	v, ok := c.info.Uses[name].(*types.Var)
	if !ok || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
		return nil
	}
	return v
}

func TestNoGlobalState(t *testing.T) {
	keeps(t, typedRule(global))
	in := func(text string) map[string]string { return one("a/a.go", "package a\n"+text) }
	rejects(t, typedRule(global),
		bad{"a counter", in("var n int\nfunc F() { n++ }"), []string{"a/a.go:2: package variable n: is written to at a/a.go:3"}},
		bad{"assigned", in("var n int\nfunc F() { n = 1 }"), []string{"is written to"}},
		bad{"a registry", in("var m = map[string]int{}\nfunc F() { m[\"a\"] = 1 }"), []string{"is written to"}},
		bad{"a registry that loses", in("var m = map[string]int{}\nfunc F() { delete(m, \"a\") }"), []string{"is written to"}},
		bad{"a list that grows", in("var l []int\nfunc F() { l = append(l, 1) }"), []string{"is written to"}},
		bad{"a field", in("var s struct{ n int }\nfunc F() { s.n = 1 }"), []string{"is written to"}},
		bad{"by address", in("var n int\nfunc F() *int { return &n }"), []string{"is written to"}},
		bad{"by a method", in("type T int\nfunc (t *T) set() { *t = 1 }\nvar n T\nfunc F() { n.set() }"), []string{"is written to"}},
		bad{"by a loop", in("var n int\nfunc F() { for n = range 3 { } }"), []string{"is written to"}},
		bad{"a lock", in("import \"sync\"\nvar mu sync.Mutex"), []string{"holds a sync.Mutex"}},
		bad{"a lock within", in("import \"sync\"\nvar x struct { once sync.Once }"), []string{"holds a sync.Once"}},
		bad{"a client", in("import \"net/http\"\nvar c = http.DefaultClient"), []string{"holds a *net/http.Client, which has a state of its own"}},
		bad{"a channel", in("var c = make(chan int)"), []string{"holds a chan int"}},
		bad{"exported", in("var Limits = []int{1}"), []string{"is exported and no error"}},
		bad{"good ones", in(`
import ("errors"; "regexp")
var ErrNo = errors.New("no")
var pattern = regexp.MustCompile("x")
var names = map[string]int{"a": 1}
var table = []struct{ f func() error }{{nil}}
var _ error = (*T)(nil)
type T struct{ n int }
func (t *T) Error() string { t.n = names["a"]; l := table[0]; l.f = nil; return pattern.String() }
`), nil},
		bad{"a program", one("examples/a/main.go", "package main\nvar n int\nfunc main() { n++ }"), nil},
	)
}
