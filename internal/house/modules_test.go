package house_test

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// direct are the modules that the root module requires, each with what it is for.
var direct = map[string]string{
	"github.com/Masterminds/semver/v3":   "every version",
	"github.com/hashicorp/go-hclog":      "every log line",
	"github.com/hashicorp/go-multierror": "failures that belong together",
	"github.com/stretchr/testify":        "tests",
	"golang.org/x/sync":                  "goroutines with an owner",
}

// requirements checks the text of the root's go.mod: exactly the direct modules, nothing replaced.
func requirements(text string) []string {
	var broken []string
	seen := map[string]bool{}
	block := ""
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "//"):
			continue
		case len(words) == 2 && words[1] == "(":
			block = words[0]
			continue
		case words[0] == ")":
			block = ""
			continue
		case block != "":
			words = append([]string{block}, words...)
		}
		switch words[0] {
		case "require":
			if !strings.HasSuffix(strings.TrimSpace(line), "// indirect") {
				seen[words[1]] = true
			}
		case "replace", "exclude", "retract", "tool":
			broken = append(broken, "go.mod: a "+words[0]+" directive does not reach an importer, so nothing may rest on it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if direct[name] == "" {
			broken = append(broken, fmt.Sprintf("go.mod: %s is not one of the five; what needs it belongs into a nested module", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(direct)) {
		if !seen[name] {
			broken = append(broken, fmt.Sprintf("go.mod: %s (%s) is not required directly", name, direct[name]))
		}
	}
	return broken
}

func TestRequirements(t *testing.T) {
	files, err := read(root, false)
	require.NoError(t, err)
	assert.Empty(t, requirements(files["go.mod"]))

	good := "module x\n\ngo 1.26.0\n\nrequire (\n"
	for _, name := range slices.Sorted(maps.Keys(direct)) {
		good += "\t" + name + " v1.0.0\n"
	}
	good += ")\n\nrequire (\n\texample.org/a v1.0.0 // indirect\n)\n"
	assert.Empty(t, requirements(good))
	for text, want := range map[string]string{
		good + "require example.org/b v1.0.0\n":                                                      "example.org/b is not one of the five",
		strings.Replace(good, "\tgolang.org/x/sync v1.0.0\n", "", 1):                                 "golang.org/x/sync (goroutines with an owner) is not required directly",
		good + "replace example.org/a => ../a\n":                                                     "a replace directive",
		strings.Replace(good, "golang.org/x/sync v1.0.0", "golang.org/x/sync v1.0.0 // indirect", 1): "is not required directly",
	} {
		got := requirements(text)
		if assert.Len(t, got, 1) {
			assert.Contains(t, got[0], want)
		}
	}
}

// misplaced checks the go.mod of a nested module: its path says where it lies, it asks for the same Go as the
// root, and the root that it builds on is the one that it lies in.
func misplaced(dir, text, goVersion string) []string {
	var broken []string
	has := func(line, why string) {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			broken = append(broken, fmt.Sprintf("%s/go.mod: no line %q: %s", dir, line, why))
		}
	}
	has("module "+module+"/"+dir, "the path says where the module lies")
	has("go "+goVersion, "all modules ask for the same Go")
	if strings.Contains(text, module+" v") {
		has("replace "+module+" => "+strings.TrimSuffix(strings.Repeat("../", strings.Count(dir, "/")+1), "/"), "what is tested is what lies here")
	}
	return broken
}

func TestNestedModules(t *testing.T) {
	files, err := read(root, true)
	require.NoError(t, err)
	var goVersion string
	for line := range strings.Lines(files["go.mod"]) {
		if v, ok := strings.CutPrefix(line, "go "); ok {
			goVersion = strings.TrimSpace(v)
		}
	}
	nested := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if dir, ok := strings.CutSuffix(name, "/go.mod"); ok {
			nested++
			for _, violation := range misplaced(dir, files[name], goVersion) {
				t.Error(violation)
			}
		}
	}
	assert.NotZero(t, nested)

	good := "module " + module + "/a/b\n\ngo 1.26.0\n\nreplace " + module + " => ../..\n\nrequire " + module + " v0.0.0\n"
	assert.Empty(t, misplaced("a/b", good, "1.26.0"))
	assert.Len(t, misplaced("a/c", good, "1.26.0"), 1)
	assert.Len(t, misplaced("a/b", good, "1.27.0"), 1)
	assert.Len(t, misplaced("a/b", strings.Replace(good, "../..", "../../..", 1), "1.26.0"), 1)
}

// forTests are the imports that production code does without, with all packages below them.
var forTests = []string{"testing", "net/http/httptest", "github.com/stretchr/testify", "github.com/google/go-cmp"}

// production: what only tests need is not linked into anybody's program. A conformance kit may
// import the standard library's testing.
func production(t *tree) []string {
	var broken []string
	for _, p := range t.packages {
		for _, s := range p.code() {
			imports := s.imports()
			for _, name := range slices.Sorted(maps.Keys(imports)) {
				for _, banned := range forTests {
					kit := p.isKit() && (within(name, "testing") || within(name, "net/http/httptest"))
					if within(name, banned) && !kit {
						broken = append(broken, fmt.Sprintf("%s: %s is for tests", t.at(imports[name].Pos()), name))
					}
				}
			}
		}
	}
	return broken
}

func TestProductionImportsNoTests(t *testing.T) {
	keepsEverywhere(t, production)
	rejects(t, production,
		bad{"testing", one("a/a.go", "package a\nimport \"testing\""), []string{"a/a.go:2: testing is for tests"}},
		bad{"below testing", one("a/a.go", "package a\nimport \"testing/fstest\""), []string{"testing/fstest is for tests"}},
		bad{"testify", one("a/a.go", "package a\nimport \"github.com/stretchr/testify/assert\""), []string{"testify/assert is for tests"}},
		bad{"go-cmp", one("a/a.go", "package a\nimport \"github.com/google/go-cmp/cmp\""), []string{"go-cmp/cmp is for tests"}},
		bad{"testify in a kit", one("stage/stagetest/a.go", "package stagetest\nimport \"github.com/stretchr/testify/assert\""), []string{"testify/assert is for tests"}},
		bad{"good ones", map[string]string{
			"a/a_test.go": "package a\nimport \"testing\"", "stage/stagetest/a.go": "package stagetest\nimport \"testing\"",
		}, nil},
	)
}

// TestNothingElseIsLinked looks at what the libraries import in the end, through others too.
func TestNothingElseIsLinked(t *testing.T) {
	repo, err := repository()
	require.NoError(t, err)
	args := []string{"list", "-deps", "-f", "{{if not .Standard}}{{with .Module}}{{.Path}}{{end}}{{end}}", "--"}
	for _, p := range repo.packages {
		if p.isLibrary() {
			args = append(args, p.importPath())
		}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	linked := slices.Compact(slices.Sorted(strings.FieldsSeq(string(out))))
	assert.NotEmpty(t, linked)
	for _, name := range linked {
		assert.NotContains(t, []string{"github.com/stretchr/testify", "github.com/google/go-cmp"}, name)
	}
}
