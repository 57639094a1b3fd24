package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestGoModuleTags(t *testing.T) {
	for _, tc := range []struct{ folder, module, tags, want string }{
		{".", "example.org/boat", "v1.0.0@0", "v1.1.0"},
		{".", "example.org/boat/v2", "v2.0.0@0", "v2.1.0"},
		{".", "example.org/boat/v2", "", "v2.0.0"},
		{".", "example.org/boat/v2", "v2.0.0-rc.1@0", "v2.0.0"},
		{"v2", "example.org/boat/v2", "v2.0.0@0", "v2.1.0"},
		{"detectors/aws/ec2", "go.opentelemetry.io/contrib/detectors/aws/ec2", "", "detectors/aws/ec2/v0.1.0"},
		{"detectors/aws/ec2/v2", "go.opentelemetry.io/contrib/detectors/aws/ec2/v2", "", "detectors/aws/ec2/v2.0.0"},
		{"detectors/aws/ec2/v2", "go.opentelemetry.io/contrib/detectors/aws/ec2/v2", "detectors/aws/ec2/v2.0.0@0", "detectors/aws/ec2/v2.1.0"},
		{"ec2", "example.org/boat/ec2/v3", "ec2/v3.0.1@0", "ec2/v3.1.0"},
		{"api/v2", "example.org/boat/api/v2beta", "", "api/v2/v0.1.0"},
		{".", "gopkg.in/yaml.v3", "v3.0.0@0", "v3.1.0"},
		{".", "gopkg.in/yaml.v1", "", "v1.0.0"},
		{".", "example.org/boat/v02", "v1.0.0@0", "v1.1.0"},
	} {
		p := changelog.Policy{Components: []changelog.Component{{Name: "m", Paths: []string{tc.folder}, GoModule: tc.module}}}
		plan, err := changelog.Decide(line(tc.tags, changes("docs: begin"), changes("feat: x", tc.folder+"/x.go")), p)
		require.NoError(t, err, tc.module)
		assert.Equal(t, tc.want, plan.Components[0].NextTag, "%s in %s", tc.module, tc.folder)
	}
}

func TestGoModuleVersions(t *testing.T) {
	for _, tc := range []struct{ module, tags, message, want string }{
		{"example.org/boat", "v1.3.0@0", "feat!: x", "version 2.0.0 is not one of module example.org/boat, whose path is for v0 and v1: change it to example.org/boat/v2 in go.mod"},
		{"example.org/boat", "v0.3.0@0", "feat!: x", ""},
		{"example.org/boat/v2", "v1.3.0@0", "feat!: x", ""},
		{"example.org/boat/v2", "v1.3.0@0", "feat: x", "version 1.4.0 is not one of module example.org/boat/v2, whose path is for v2 alone"},
		{"example.org/boat/v2", "v2.3.0@0", "feat!: x", "version 3.0.0 is not one of module example.org/boat/v2, whose path is for v2 alone"},
		{"example.org/boat/v2", "v1.3.0@0", "chore: x\n\nRelease-As: 2.0.0", ""},
		{"gopkg.in/yaml.v3", "v3.3.0@0", "feat!: x", "whose path is for v3 alone"},
	} {
		p := changelog.Policy{Components: []changelog.Component{{Name: "m", GoModule: tc.module}, part("other")}}
		plan, err := changelog.Decide(line(tc.tags, changes("feat: begin"), changes(tc.message, "x.go"), changes("fix: y", "other/y")), p)
		if tc.want == "" {
			assert.NoError(t, err, tc.module)
			continue
		}
		var wrong *changelog.ModuleVersionError
		require.ErrorAs(t, err, &wrong, tc.module)
		assert.Equal(t, tc.module, wrong.Module)
		assert.ErrorContains(t, err, "component m: "+wrong.Error())
		assert.ErrorContains(t, err, tc.want)
		assert.Equal(t, "m -, other 0.1.0", versions(plan), "nothing to be tagged, and the others go on")
		assert.Empty(t, plan.Components[0].NextTag)
		assert.Contains(t, plan.Components[0].Why, tc.want)
	}
}

// TestGoModulesOfTwoMajors: v1 in the root and v2 in a folder, as Go has it, write their tags alike.
func TestGoModulesOfTwoMajors(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{
		{Name: "one", Paths: []string{"."}, GoModule: "example.org/boat"},
		{Name: "three", Paths: []string{"v3"}, GoModule: "example.org/boat/v3"},
		{Name: "two", Paths: []string{"v2"}, GoModule: "example.org/boat/v2"},
	}}
	both := []change{changes("feat: begin", "x"), changes("fix: x", "x", "v2/x", "v3/x")}
	for tags, want := range map[string]string{
		"v1.4.0@0 v2.0.1@0":          "one 1.4.1, three 3.0.0, two 2.0.2",
		"v1.4.0@0 v2.0.1@0 v3.9.0@0": "one 1.4.1, three 3.9.1, two 2.0.2",
		"v0.4.0@0":                   "one 0.4.1, three 3.0.0, two 2.0.0",
	} {
		plan, err := changelog.Decide(line(tags, both...), p)
		require.NoError(t, err)
		assert.Equal(t, want, versions(plan))
		for _, d := range plan.Components {
			assert.Empty(t, d.IgnoredTags)
		}
	}
	_, err := changelog.Decide(line("v4.0.0@0", both...), p)
	assert.ErrorContains(t, err, "component three: version 4.0.1 is not one of module example.org/boat/v3")
	p.Components = p.Components[1:]
	plan, err := changelog.Decide(line("v1.4.0@0", changes("feat: begin", "x"), changes("feat!: x", "v2/x")), p)
	require.NoError(t, err)
	assert.Equal(t, "three -, two 2.0.0", versions(plan))
	assert.Equal(t, "v1.4.0", plan.Components[1].PreviousTag, "v1 was before v2 where nothing else goes on with it")
}

func TestGoModules(t *testing.T) {
	files := map[string]string{
		"go.mod":        "module example.org/r // the root\n\ngo 1.26\n\nrequire (\n\texample.org/r/lib v1.0.0\n\texample.org/other v1.0.0\n)\n",
		"lib/go.mod":    "module \"example.org/r/lib\"\n",
		"lib/v2/go.mod": "module example.org/r/lib/v2\nrequire example.org/r/lib v1.0.0 // indirect\n",
		"app/go.mod": "module example.org/r/app\r\n\r\nrequire (\r\n\texample.org/r v0.0.0\r\n\texample.org/r/lib v1.2.0\r\n\texample.org/r/lib/v2 v2.0.0 // indirect; tools\r\n\tother.org/fork v1.0.0\r\n)\r\n" +
			"replace (\r\n\texample.org/r => ../\r\n\texample.org/r/lib => example.net/lib v1.0.0\r\n\tother.org/fork v1.0.0 => ../third/fork\r\n\tother.org/fork => example.org/x v1.0.0\r\n)\r\n",
		"third/fork/go.mod": "module other.org/fork\nrequire example.org/r/app v1.0.0\nreplace example.org/r/app v1.1.0 => ../../nowhere\nretract [v1.0.0, v1.1.0]\nexclude x v1\ntool example.org/t\ngodebug default=go1.21\n",
		"out/go.mod":        "module example.org/r/out\nrequire example.org/r/lib v1.0.0\nreplace example.org/r/lib => ../../lib\n",
		"self/go.mod":       "module example.org/r/self\nrequire example.org/r/self v1.0.0\nrequire example.org/r/lib v1.0.0\nrequire example.org/r/lib v1.0.0\n",
	}
	components, err := changelog.GoModules(files)
	require.NoError(t, err)
	assert.Equal(t, []changelog.Component{
		{Name: "r", Paths: []string{"."}, GoModule: "example.org/r", DependsOn: []string{"lib"}},
		{Name: "app", Paths: []string{"app"}, GoModule: "example.org/r/app", DependsOn: []string{"r", "third/fork"}},
		{Name: "lib", Paths: []string{"lib"}, GoModule: "example.org/r/lib"},
		{Name: "lib/v2", Paths: []string{"lib/v2"}, GoModule: "example.org/r/lib/v2"},
		{Name: "out", Paths: []string{"out"}, GoModule: "example.org/r/out"},
		{Name: "self", Paths: []string{"self"}, GoModule: "example.org/r/self", DependsOn: []string{"lib"}},
		{Name: "third/fork", Paths: []string{"third/fork"}, GoModule: "other.org/fork", DependsOn: []string{"app"}},
	}, components)
	assert.ErrorContains(t, changelog.Policy{Components: components}.Validate(), "in a circle: app -> third/fork -> app")
	components[6].DependsOn = nil
	assert.NoError(t, changelog.Policy{Components: components}.Validate())

	components, err = changelog.GoModules(map[string]string{"go.mod": "module example.org/boat/v2", "boat/go.mod": "module example.org/boat/v2/boat"})
	require.NoError(t, err)
	assert.Equal(t, "example.org/boat/v2", components[0].Name, "there is a folder of that name")
	components, err = changelog.GoModules(map[string]string{"go.mod": "module example.org/boat/v2"})
	require.NoError(t, err)
	assert.Equal(t, "boat", components[0].Name)

	_, err = changelog.GoModules(map[string]string{
		"a/go.mod": "module x.org/a", "b/go.mod": "module x.org/a", "c/go.mod": "go 1.26", "/d/go.mod": "module x.org/d", "e/go.sum": "module x.org/e", "f/go.mod": "module x.org/f\nrequire (\n\tx\n)",
	})
	for _, want := range []string{
		"b/go.mod: module x.org/a is in a as well", "c/go.mod: line 1: there is no module directive", "/d/go.mod: not the path of a go.mod file",
		"e/go.sum: not the path", "f/go.mod: line 3: require: want a path and a version",
	} {
		assert.ErrorContains(t, err, want)
	}
}

// TestReleasesOfTwoMajors: a whole changelog knows them apart, too.
func TestReleasesOfTwoMajors(t *testing.T) {
	p := changelog.Policy{Components: []changelog.Component{
		{Name: "one", Paths: []string{"."}, GoModule: "example.org/boat"}, {Name: "two", Paths: []string{"v2"}, GoModule: "example.org/boat/v2"},
	}}
	h := line("v1.0.0@0 v2.0.0@1 v1.1.0@2", changes("feat: a", "a"), changes("feat: b", "v2/b"), changes("feat: c", "c"), changes("fix: d", "v2/d"))
	var got []string
	commits := func(yield func(changelog.Commit, error) bool) {
		for _, c := range h.Commits {
			if !yield(c, nil) {
				return
			}
		}
	}
	for r, err := range changelog.Releases(commits, h.Tags, p, changelog.ReleasesOptions{}) {
		require.NoError(t, err)
		got = append(got, r.Component+" "+r.Tag)
	}
	assert.ElementsMatch(t, []string{"two ", "one v1.1.0", "two v2.0.0", "one v1.0.0"}, got)
}
