package house_test

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// band says how much of the world a package may touch. Imports go from a higher one to a lower one.
type band int

const (
	noBand band = iota
	pure
	contract
	shell
)

var bandNames = map[string]band{"PURE": pure, "CONTRACT": contract, "SHELL": shell}

func (b band) String() string {
	for name, known := range bandNames {
		if known == b {
			return name
		}
	}
	return "no band"
}

var firstLine = regexp.MustCompile(`^Package (\S+) \((PURE|CONTRACT|SHELL)\) \S`)

// comments are the package comments of a package.
func (p *pkg) comments() []string {
	var all []string
	for _, s := range p.files {
		if s.ast.Doc != nil && !s.isTest() {
			all = append(all, s.ast.Doc.Text())
		}
	}
	return all
}

// band is what the package comment says.
func (p *pkg) band() band {
	for _, c := range p.comments() {
		if m := firstLine.FindStringSubmatch(c); m != nil {
			return bandNames[m[2]]
		}
	}
	return noBand
}

// commented: each package has one comment, whose first line says its name and its band. Programs and
// the tour at the root have a comment without a band.
func commented(t *tree) []string {
	var broken []string
	for _, p := range t.packages {
		comments := p.comments()
		switch {
		case len(comments) != 1:
			broken = append(broken, fmt.Sprintf("%s: %d package comments, want one", p.dir, len(comments)))
			continue
		case p.isMain() || p.dir == ".":
			continue
		}
		line, _, _ := strings.Cut(comments[0], "\n")
		m := firstLine.FindStringSubmatch(line)
		if m == nil || m[1] != path.Base(p.dir) {
			broken = append(broken, fmt.Sprintf("%s: the package comment begins with %q, want \"Package %s (PURE|CONTRACT|SHELL) …\"",
				p.dir, line, path.Base(p.dir)))
		}
	}
	return broken
}

func TestPackageComments(t *testing.T) {
	keepsEverywhere(t, commented)
	rejects(t, commented,
		bad{"none", one("a/a.go", "package a"), []string{"a: 0 package comments"}},
		bad{"no band", one("a/a.go", "// Package a does.\npackage a"), []string{`begins with "Package a does."`}},
		bad{"another name", one("a/a.go", "// Package b (PURE) does.\npackage a"), []string{"Package a (PURE|"}},
		bad{"an unknown band", one("a/a.go", "// Package a (GREY) does.\npackage a"), []string{"Package a (PURE|"}},
		bad{"two", map[string]string{"a/a.go": "// Package a (PURE) does.\npackage a", "a/b.go": "// Package a (PURE) does.\npackage a"},
			[]string{"a: 2 package comments"}},
		bad{"only in a test", map[string]string{"a/a.go": "package a", "a/a_test.go": "// Package a (PURE) does.\npackage a"},
			[]string{"a: 0 package comments"}},
		bad{"a program without", one("examples/a/main.go", "package main"), []string{"examples/a: 0 package comments"}},
		bad{"good ones", map[string]string{
			"doc.go": "// Package davit is the tour.\npackage davit", "a/a.go": "// Package a (SHELL) does.\npackage a",
			"examples/a/main.go": "// This program runs.\npackage main",
		}, nil},
	)
}

// apart are the trees that do not know each other: a host that wants one of them gets none of the
// others. Only their shells meet, where a rollout is given its gates.
var apart = []string{"changelog", "metrics", "strategy"}

// granted are the imports that break a rule with good reason.
var granted = map[[2]string]string{
	{"release/ledger", "stage"}:                         "events are told in the words of the contract; the ledger uses its data, and neither Stage nor Task",
	{"release/pace", "stage"}:                           "outcomes and traits are told in the words of the contract; neither Stage nor Task",
	{"release/board", "stage"}:                          "outcomes, signals and traits are told in the words of the contract; neither Stage nor Task",
	{"release/plan", "stage"}:                           "outcomes, signals and traits are told in the words of the contract; neither Stage nor Task",
	{"release/policy", "stage"}:                         "a pipeline is told in the words of the contract; policies look at that data, and neither at Stage nor at Task",
	{"changelog/apidiff", "metrics/gate"}:               "a module of its own, whose gate is what it is for; changelog itself imports no gate",
	{"metrics/prometheus/exporter", "release"}:          "the exporter is fed with what releases and rollouts record; whoever only reads metrics does not import it",
	{"metrics/prometheus/exporter", "release/ledger"}:   "as above",
	{"metrics/prometheus/exporter", "stage"}:            "as above",
	{"metrics/prometheus/exporter", "stage/deploy"}:     "as above",
	{"metrics/prometheus/exporter", "strategy"}:         "as above",
	{"metrics/prometheus/exporter", "strategy/rollout"}: "as above",
}

// downwards: imports go from SHELL to CONTRACT to PURE, and never across.
func downwards(t *tree) []string {
	var broken []string
	for _, p := range t.packages {
		from := p.band()
		for _, s := range p.code() {
			imports := s.imports()
			for _, name := range slices.Sorted(maps.Keys(imports)) {
				dir, ok := own(name)
				if !ok {
					continue
				}
				if why := forbidden(t, p, from, dir); why != "" && granted[[2]string{p.dir, dir}] == "" {
					broken = append(broken, fmt.Sprintf("%s: %s must not import %s: %s", t.at(imports[name].Pos()), p.dir, dir, why))
				}
			}
		}
	}
	return broken
}

// forbidden says why a package must not import that folder, "" when it may.
func forbidden(t *tree, p *pkg, from band, dir string) string {
	target := t.find(dir)
	tree, other := strings.Split(p.dir, "/")[0], strings.Split(dir, "/")[0]
	switch {
	case target == nil:
		return "it is not part of this module"
	case within(dir, "examples") && !within(p.dir, "examples"):
		return "examples are for people"
	case target.isKit() && !p.isKit():
		return "a conformance kit is for tests"
	case from != noBand && target.band() > from:
		return fmt.Sprintf("%s may not import %s", from, target.band())
	case from != shell && tree != other && slices.Contains(apart, tree) && slices.Contains(apart, other):
		return tree + " and " + other + " do not know each other"
	case tree == "changelog" && other != tree:
		return "changelog is imported for nothing but itself"
	case tree == "metrics" && other != tree:
		return "metrics is imported for nothing but itself"
	case p.dir == "stage" && other == "release":
		return "the contract of a stage knows no engine"
	case tree == "strategy" && (other == "release" || other == "stage"):
		return "a rollout runs without an engine"
	}
	return ""
}

func TestImportsGoDownwards(t *testing.T) {
	keepsEverywhere(t, downwards)
	of := func(name, band string, imports ...string) string {
		text := "// Package " + name + " (" + band + ") does.\npackage " + name + "\n"
		for _, i := range imports {
			text += "import _ \"" + module + "/" + i + "\"\n"
		}
		return text
	}
	rejects(t, downwards,
		bad{"pure imports shell", map[string]string{"a/a.go": of("a", "PURE", "b"), "b/b.go": of("b", "SHELL")}, []string{"PURE may not import SHELL"}},
		bad{"pure imports contract", map[string]string{"a/a.go": of("a", "PURE", "b"), "b/b.go": of("b", "CONTRACT")}, []string{"PURE may not import CONTRACT"}},
		bad{"contract imports shell", map[string]string{"a/a.go": of("a", "CONTRACT", "b"), "b/b.go": of("b", "SHELL")}, []string{"CONTRACT may not import SHELL"}},
		bad{"strategy imports metrics", map[string]string{"strategy/a.go": of("strategy", "PURE", "metrics"), "metrics/a.go": of("metrics", "PURE")},
			[]string{"strategy and metrics do not know each other"}},
		bad{"changelog/git imports strategy", map[string]string{"changelog/git/a.go": of("git", "SHELL", "strategy"), "strategy/a.go": of("strategy", "PURE")},
			[]string{"changelog is imported for nothing but itself"}},
		bad{"the contract imports the engine", map[string]string{"stage/a.go": of("stage", "CONTRACT", "release/ledger"), "release/ledger/a.go": of("ledger", "PURE")},
			[]string{"knows no engine"}},
		bad{"the rollout imports a stage", map[string]string{"strategy/rollout/a.go": of("rollout", "SHELL", "stage"), "stage/a.go": of("stage", "CONTRACT")},
			[]string{"without an engine"}},
		bad{"a kit in production", map[string]string{"release/a.go": of("release", "SHELL", "stage/stagetest"), "stage/stagetest/a.go": of("stagetest", "SHELL")},
			[]string{"a conformance kit is for tests"}},
		bad{"an example as a library", map[string]string{"release/a.go": of("release", "SHELL", "examples/x"), "examples/x/a.go": of("x", "SHELL")},
			[]string{"examples are for people"}},
		bad{"nothing", map[string]string{"a/a.go": of("a", "SHELL", "b")}, []string{"not part of this module"}},
		bad{"good ones", map[string]string{
			"strategy/rollout/a.go": of("rollout", "SHELL", "strategy", "metrics"), "strategy/a.go": of("strategy", "PURE"), "metrics/a.go": of("metrics", "PURE"),
			"stage/a.go": of("stage", "CONTRACT", "metrics"), "strategy/strategytest/a.go": of("strategytest", "SHELL", "strategy"),
			"strategy/a_test.go": "package strategy_test\nimport _ \"" + module + "/strategy/strategytest\"",
		}, nil},
	)
}
