package changelog_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestParsePolicy(t *testing.T) {
	want := changelog.Policy{
		Types: map[string]changelog.Level{"deps": changelog.Patch}, Initial: version(t, "1.0.0"), Zero: changelog.ZeroShift, Channel: "beta",
		Messages: changelog.Reading{Bullets: changelog.Ignore}, Reverts: changelog.CountReverts, Propagate: changelog.PropagateSame,
		Components: []changelog.Component{
			{Name: "a", Paths: []string{"a"}, Excludes: []string{"a/docs"}, Aliases: []string{"old"}, Scopes: []string{"a"}, Tags: "a-{version}", Initial: version(t, "2.0.0"), DependsOn: []string{"b"}},
			{Name: "b", Paths: []string{"b"}, GoModule: "example.org/b"},
		},
		Groups:   []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"a", "b"}}},
		Umbrella: &changelog.Component{Name: "all"},
	}
	text, err := json.Marshal(want)
	require.NoError(t, err)
	got, err := changelog.ParsePolicy(text)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	again, err := json.Marshal(got)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	got, err = changelog.ParsePolicy([]byte(" {} \n"))
	require.NoError(t, err)
	assert.Equal(t, changelog.Policy{}, got)

	for text, want := range map[string]string{
		``:             "policy: it is empty; {} is the one that has all defaults",
		" \n":          "policy: it is empty",
		`{`:            "policy: unexpected EOF",
		`{} x`:         "policy: there is text behind it",
		`{}{}`:         "policy: there is text behind it",
		`{"type":{}}`:  `policy: json: unknown field "type"`,
		`{"Types":{}}`: `policy: field "Types": names are in lower case`,
		`{"components":[{"name":"a","path":["a"]}]}`:                  `unknown field "path"`,
		`{"channel":"a","channel":"b"}`:                               `policy: field "channel" comes twice`,
		`{"components":[{"name":"a","name":"b"}]}`:                    `policy: field "components[0].name" comes twice`,
		`{"types":{"a":"none","x":"huge"}}`:                           `policy: field types["x"]: level "huge": want none, patch, minor or major`,
		`{"free":"big","unknown":"patch"}`:                            `policy: field free: level "big"`,
		`{"unknown":"big"}`:                                           `policy: field unknown: level "big"`,
		`{"initial":""}`:                                              `policy: field initial: "": invalid semantic version`,
		`{"initial":"one"}`:                                           `policy: field initial: "one": invalid semantic version`,
		`{"umbrella":{"name":"all","initial":"1.x"}}`:                 `policy: field umbrella.initial: "1.x": invalid`,
		`{"components":[{"name":"a"},{"name":"b","initial":"next"}]}`: `policy: field components[1].initial: "next": invalid`,
		`{"components":[{"name":"a"},{"name":"b"}]}`:                  `Components["b"].Tags: a tag such as v0.0.0 would be one of a, too: neither of them has Paths, so that each is the whole repository`,
		`null`:                              "policy: it is empty",
		`{"initial":"1.0"}`:                 `policy: Initial: `,
		`{"zero":"none","propagate":"all"}`: `Propagate: "all" is none of "patch", "same" and "none"`,
		`{"components":[{"name":"a","initial":"v1.0.0"},{"name":"b"}]}`: `Components["a"].Initial: "v1.0.0" must be written as 1.0.0`,
		`{"components":[{"name":"a","paths":["a/"]}]}`:                  `Components["a"].Paths[0]: "a/" must be written as "a"`,
	} {
		_, err := changelog.ParsePolicy([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"types":{"deps":"patch"},"components":[{"name":"a","paths":["a"],"go_module":"example.org/a/v2"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := changelog.ParsePolicy(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		require.NoError(t, err)
		back, err := changelog.ParsePolicy(again)
		require.NoError(t, err, "%s", again)
		twice, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(again), string(twice))
	})
}

func TestPolicyOfAnEditorWithAMark(t *testing.T) {
	p, err := changelog.ParsePolicy([]byte("\uFEFF{\"channel\": \"beta\"}"))
	require.NoError(t, err)
	assert.Equal(t, "beta", p.Channel)
	_, err = changelog.ParsePolicy([]byte("\uFEFF"))
	assert.ErrorContains(t, err, "it is empty")
}

// One problem is one line.
func TestOneProblemIsALine(t *testing.T) {
	err := changelog.Policy{Channel: "b eta"}.Validate()
	require.ErrorContains(t, err, "Channel: ")
	assert.NotContains(t, err.Error(), "\n")
}

func TestPolicySaysWhichField(t *testing.T) {
	three := func(change func(c []changelog.Component)) changelog.Policy {
		p := changelog.Policy{Components: []changelog.Component{part("a"), part("b"), part("c")}}
		change(p.Components)
		return p
	}
	module := func(name, path, module string) changelog.Component {
		return changelog.Component{Name: name, Paths: []string{path}, GoModule: module}
	}
	for want, p := range map[string]changelog.Policy{
		`Components[0].Name: is empty, where there are several`:                                  three(func(c []changelog.Component) { c[0].Name = "" }),
		`Components[1].Name: "a" comes twice`:                                                    three(func(c []changelog.Component) { c[1].Name = "a" }),
		`Components["a"].Paths[0]: is empty`:                                                     three(func(c []changelog.Component) { c[0].Paths[0] = "" }),
		`Components["a"].Paths[0]: "/a" does not begin`:                                          three(func(c []changelog.Component) { c[0].Paths[0] = "/a" }),
		`Components["a"].Paths[0]: "../a" does not begin`:                                        three(func(c []changelog.Component) { c[0].Paths[0] = "../a" }),
		`Components["a"].Paths[0]: "./a" must be written as`:                                     three(func(c []changelog.Component) { c[0].Paths[0] = "./a" }),
		`Components["a"].Paths[0]: "a\\b" has a backslash`:                                       three(func(c []changelog.Component) { c[0].Paths[0] = `a\b` }),
		`Components["a"].Aliases[0]: "a" is in Paths already`:                                    three(func(c []changelog.Component) { c[0].Aliases = []string{"a"} }),
		`Components["a"].Excludes[0]: "ab" is within none`:                                       three(func(c []changelog.Component) { c[0].Excludes = []string{"ab"} }),
		`Components["a"].Excludes[0]: "a" is in Paths already`:                                   three(func(c []changelog.Component) { c[0].Excludes = []string{"a"} }),
		`Components["a"].Scopes[0]: "x,y" is no single scope`:                                    three(func(c []changelog.Component) { c[0].Scopes = []string{"x,y"} }),
		`Components["a"].Tags: tag format "x": must hold`:                                        three(func(c []changelog.Component) { c[0].Tags = "x" }),
		`Components["a b"].Tags: tag format "a b/v{version}": git takes no tag that has a space`: three(func(c []changelog.Component) { c[0].Name = "a b" }),
		`Components["b"].Tags: a tag such as v0.0.0 would be one of a, too`:                      three(func(c []changelog.Component) { c[0].Tags, c[1].Tags = "v{version}", "v{version}" }),
		`Components["b"].Tags: a tag such as v0.0.0-0.0.0 would be one of a, too`:                three(func(c []changelog.Component) { c[0].Tags, c[1].Tags = "v{version}", "v0.0.0-{version}" }),
		`Components["a"].Initial: 1.0.0-rc must be three numbers`:                                three(func(c []changelog.Component) { c[0].Initial = version(t, "1.0.0-rc") }),
		`Components["a"].DependsOn[0]: there is no component "x"`:                                three(func(c []changelog.Component) { c[0].DependsOn = []string{"x"} }),
		`Components["a"].DependsOn[0]: a component cannot depend on itself`:                      three(func(c []changelog.Component) { c[0].DependsOn = []string{"a"} }),
		`Components["a"].DependsOn[1]: "b" comes twice`:                                          three(func(c []changelog.Component) { c[0].DependsOn = []string{"b", "b"} }),
		`Components["b"].DependsOn: the components depend on each other in a circle: b -> c -> b`: three(func(c []changelog.Component) {
			c[0].DependsOn, c[1].DependsOn, c[2].DependsOn = []string{"b"}, []string{"c"}, []string{"b"}
		}),
		`Components["a"].GoModule: "x y" is not the path of a module`: three(func(c []changelog.Component) { c[0].GoModule = "x y" }),
		`Components["a"].GoModule: the module's folder must be the first of Paths`: three(func(c []changelog.Component) {
			c[0] = changelog.Component{Name: "a", Scopes: []string{"a"}, GoModule: "x"}
		}),
		`Components["a"].Tags: "a-{version}" is not what Go wants for the folder a: leave it`: three(func(c []changelog.Component) { c[0].GoModule, c[0].Tags = "x.org/a", "a-{version}" }),
		`Components["a"].Initial: version 1.0.0 is not one of module x.org/a/v2`:              three(func(c []changelog.Component) { c[0].GoModule, c[0].Initial = "x.org/a/v2", version(t, "1.0.0") }),
		`Components["n"].Tags: a tag such as a/v0.0.0 would be one of m, too`:                 {Components: []changelog.Component{module("m", "a", "x.org/a/v2"), module("n", "a/v2", "x.org/b/v2")}},
		`Groups[0].Name: is empty`:                                                   {Components: three(func([]changelog.Component) {}).Components, Groups: []changelog.Group{{Kind: changelog.Fixed, Components: []string{"a", "b"}}}},
		`Groups["g"].Kind: "" is neither "fixed" nor`:                                {Groups: []changelog.Group{{Name: "g"}}},
		`Groups["g"].Components: a group has two`:                                    {Groups: []changelog.Group{{Name: "g", Kind: changelog.Fixed}}},
		`Groups["g"].Components[1]: there is no component`:                           {Components: []changelog.Component{part("a")}, Groups: []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"a", "x"}}}},
		`Groups["g"].Components[1]: "a" is in the group "g" already`:                 {Components: []changelog.Component{part("a")}, Groups: []changelog.Group{{Name: "g", Kind: changelog.Fixed, Components: []string{"a", "a"}}}},
		`Groups[1].Name: "g" comes twice`:                                            {Groups: []changelog.Group{{Name: "g"}, {Name: "g"}}},
		`Umbrella: there are no components below it`:                                 {Umbrella: &changelog.Component{Name: "all"}},
		`Umbrella.Name: "a" must be a name that no component has`:                    {Components: []changelog.Component{part("a")}, Umbrella: &changelog.Component{Name: "a"}},
		`Umbrella.Paths: must be empty`:                                              {Components: []changelog.Component{part("a")}, Umbrella: &changelog.Component{Name: "all", Paths: []string{"."}}},
		`Umbrella.GoModule: must be empty`:                                           {Components: []changelog.Component{part("a")}, Umbrella: &changelog.Component{Name: "all", GoModule: "x"}},
		`Umbrella.Tags: a tag such as v0.0.0 would be one of a, too`:                 {Components: []changelog.Component{{Name: "a"}}, Umbrella: &changelog.Component{Name: "all"}},
		`Tags: tag format "-{version}": git takes no tag that begins with a hyphen`:  {Tags: "-{version}"},
		`Tags: tag format "a..{version}": git takes no tag that has ..`:              {Tags: "a..{version}"},
		`Tags: tag format "{version}.lock": git takes no tag that has a part`:        {Tags: "{version}.lock"},
		`Tags: tag format "{version}/": git takes no tag that begins or ends with a`: {Tags: "{version}/"},
	} {
		assert.ErrorContains(t, p.Validate(), want)
	}
	var cycle *changelog.CycleError
	assert.ErrorAs(t, three(func(c []changelog.Component) { c[0].DependsOn, c[1].DependsOn = []string{"b"}, []string{"a"} }).Validate(), &cycle)
	assert.Equal(t, []string{"a", "b"}, cycle.Names)
	assert.NoError(t, changelog.Policy{Components: []changelog.Component{module("m", "a", "x.org/a"), module("n", "a/v2", "x.org/a/v2"), module("o", "a/v3", "x.org/a/v3")}}.Validate(),
		"Go tells them apart by their major versions")
}
