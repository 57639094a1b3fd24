package changelog_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func version(t testing.TB, text string) *semver.Version {
	t.Helper()
	v, err := semver.StrictNewVersion(text)
	require.NoError(t, err)
	return v
}

// id is the id of the n-th commit.
func id(n int) string { return fmt.Sprintf("%08x%032x", n+1, n+1) }

// since is a history since a version ("" for none); the messages are in the order in which they
// were committed, commit n having id(n).
func since(t testing.TB, previous string, messages ...string) changelog.History {
	t.Helper()
	var h changelog.History
	if previous != "" {
		h.Tags = []changelog.Ref{{Name: "v" + previous, Commit: id(1 << 20), Reachable: true}}
	}
	for i := len(messages) - 1; i >= 0; i-- {
		h.Commits = append(h.Commits, changelog.Commit{ID: id(i), Text: messages[i]})
	}
	return h
}

func next(t testing.TB, h changelog.History, p changelog.Policy) changelog.Decision {
	t.Helper()
	plan, err := changelog.Decide(h, p)
	require.NoError(t, err)
	return plan.Components[0]
}

// spoken is the next version, "-" for none.
func spoken(d changelog.Decision) string {
	if d.Next == nil {
		return "-"
	}
	return d.Next.String()
}

func TestNextOfOneMessage(t *testing.T) {
	for message, want := range map[string]string{
		"feat: x":                       "1.3.0",
		"Fix(core): x":                  "1.2.4",
		"perf: x":                       "1.2.4",
		"feat!: x":                      "2.0.0",
		"feat(api)!: x":                 "2.0.0",
		"chore!: x":                     "2.0.0",
		"feet!: x":                      "2.0.0",
		"fix: x\n\nBREAKING CHANGE: y":  "2.0.0",
		"fix: x\n\nBREAKING-CHANGE: y":  "2.0.0",
		"fix: x\n\nBREAKING CHANGES: y": "1.2.4",
		"fix: x\n\nBREAKING CHANGE this is not one":              "1.2.4",
		"docs: a\n\nwrites about BREAKING CHANGE: inside a line": "-",
		"docs: x\n\nthe commit has no\nbreaking-change footers":  "-",
		"docs: x\n\n    BREAKING CHANGE: an indented sample":     "-",
		"fix: x\nBREAKING CHANGE: y":                             "2.0.0",
		"feat:no space":                                          "-",
		"feat!(api): x":                                          "-",
		"chore: feat: x":                                         "-",
		"docs: say that fix!: means major":                       "-",
		"fixup! feat: x":                                         "-",
		"squash! feat: x":                                        "-",
		"amend! feat!: x":                                        "-",
		"Merge pull request #12 from o/b\n\nfeat: add x":         "-",
		"i18n: x":       "-",
		"build-deps: x": "-",
		"feet: x":       "-",
		"feat(): x":     "-",
		"feat(o): read\n\nMIN(COALESCE(a, b)) read over it":         "1.3.0",
		"feat( t ): x\n\none(four): test\ntwo: #100":                "1.3.0",
		"feat: x\r\n\r\nBREAKING CHANGE: y\r\n":                     "2.0.0",
		"fix: a\n\nfeat!: b":                                        "2.0.0",
		"revert: feat: x\n\nThis reverts commit 676104e12.":         "1.2.4",
		"Revert \"feat: x\"\n\nThis reverts commit 676104e12.":      "1.2.4",
		"Reapply \"feat: x\"\n\nThis reverts commit 676104e12.":     "1.3.0",
		"Revert \"Revert \"fix: x\" (#1)\" (#2)":                    "1.2.4",
		"Reapply \"feat!: x\"":                                      "2.0.0",
		"Reapply \"Some text\"":                                     "-",
		"Revert \"feat: x\"\n\nBREAKING CHANGE: x is gone":          "2.0.0",
		"Revert \"Reapply \"feat: x\"\"":                            "1.2.4",
		"Update README.md\n\nBREAKING CHANGE: of a message at will": "-",
	} {
		d := next(t, since(t, "1.2.3", message), changelog.Policy{})
		assert.Equal(t, want, spoken(d), "%q", message)
		assert.Equal(t, 1, len(d.Reasons)+len(d.Skipped), "%q", message)
		assert.Equal(t, d.Next == nil, d.Level == changelog.None)
	}
}

func TestPolicies(t *testing.T) {
	for _, tc := range []struct {
		name, previous, message string
		policy                  changelog.Policy
		want                    string
		level                   changelog.Level
	}{
		{"below 1.0.0, breaking", "0.1.2", "feat!: x", changelog.Policy{}, "0.2.0", changelog.Minor},
		{"below 1.0.0, a feature", "0.1.2", "feat: x", changelog.Policy{}, "0.2.0", changelog.Minor},
		{"below 1.0.0, a fix", "0.1.2", "fix: x", changelog.Policy{}, "0.1.3", changelog.Patch},
		{"shift, breaking", "0.1.2", "feat!: x", changelog.Policy{Zero: changelog.ZeroShift}, "0.2.0", changelog.Minor},
		{"shift, a feature", "0.1.2", "feat: x", changelog.Policy{Zero: changelog.ZeroShift}, "0.1.3", changelog.Patch},
		{"shift, from 1.0.0 on", "1.1.2", "feat: x", changelog.Policy{Zero: changelog.ZeroShift}, "1.2.0", changelog.Minor},
		{"stable, breaking", "0.1.2", "feat!: x", changelog.Policy{Zero: changelog.ZeroStable}, "1.0.0", changelog.Major},
		{"stable, a feature", "0.1.2", "feat: x", changelog.Policy{Zero: changelog.ZeroStable}, "0.2.0", changelog.Minor},
		{"the first version", "", "feat: x", changelog.Policy{}, "0.1.0", changelog.Minor},
		{"the first version is ours", "", "fix: x", changelog.Policy{Initial: version(t, "1.0.0")}, "1.0.0", changelog.Patch},
		{"nothing yet", "", "chore: x", changelog.Policy{}, "-", changelog.None},
		{"an unknown type", "1.2.3", "i18n: x", changelog.Policy{Unknown: changelog.Patch}, "1.2.4", changelog.Patch},
		{"a type of ours", "1.2.3", "DEPS: x", changelog.Policy{Types: map[string]changelog.Level{"deps": changelog.Minor}}, "1.3.0", changelog.Minor},
		{"a known type of ours", "1.2.3", "perf: x", changelog.Policy{Types: map[string]changelog.Level{"perf": changelog.None}}, "-", changelog.None},
		{"a revert of ours", "1.2.3", "Revert \"x\"", changelog.Policy{Types: map[string]changelog.Level{"revert": changelog.Minor}}, "1.3.0", changelog.Minor},
		{"not conventional", "1.2.3", "Mend x", changelog.Policy{Free: changelog.Patch}, "1.2.4", changelog.Patch},
		{"build metadata goes", "1.2.3+b1", "fix: x", changelog.Policy{}, "1.2.4", changelog.Patch},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := next(t, since(t, tc.previous, tc.message), tc.policy)
			assert.Equal(t, tc.want, spoken(d))
			assert.Equal(t, tc.level, d.Level)
		})
	}
}

func TestPolicyAsJSON(t *testing.T) {
	want := changelog.Policy{
		Types: map[string]changelog.Level{"deps": changelog.Patch, "perf": changelog.None}, Unknown: changelog.Patch, Free: changelog.Minor,
		Initial: version(t, "1.0.0"), Zero: changelog.ZeroShift, Tags: "a/v{version}",
	}
	text, err := json.Marshal(want)
	require.NoError(t, err)
	assert.Equal(t, `{"types":{"deps":"patch","perf":"none"},"unknown":"patch","free":"minor","initial":"1.0.0","zero":"shift","tags":"a/v{version}"}`, string(text))
	var back changelog.Policy
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, want, back)
	text, err = json.Marshal(changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "{}", string(text))
}

func TestNextIsTheHighestLevel(t *testing.T) {
	d := next(t, since(t, "1.2.3", "fix: a", "feat: b", "chore: c", "fix: d"), changelog.Policy{})
	assert.Equal(t, "1.3.0", spoken(d))
	assert.Equal(t, "v1.3.0", d.NextTag)
	require.Len(t, d.Reasons, 3)
	assert.Equal(t, []string{id(3), id(1), id(0)}, []string{d.Reasons[0].ID, d.Reasons[1].ID, d.Reasons[2].ID})
	assert.Equal(t, "feat is minor", d.Reasons[1].Rule)
	assert.Equal(t, "chore is none", d.Skipped[0].Why)
	assert.False(t, d.Skipped[0].Cancelled)

	nothing := next(t, since(t, "1.2.3"), changelog.Policy{})
	assert.Nil(t, nothing.Next)
	assert.Equal(t, "nothing to release: no commit calls for a version", nothing.Why)
}

func TestRevertsCancel(t *testing.T) {
	undo := func(n int, what string) string {
		return fmt.Sprintf("Revert %q\n\nThis reverts commit %s.", what, id(n))
	}
	for _, tc := range []struct {
		name     string
		messages []string
		want     string
		listed   []int
	}{
		{"git's own", []string{"feat: x", undo(0, "feat: x")}, "-", nil},
		{"as a type", []string{"feat: x", "revert: feat: x\n\nThis reverts commit " + id(0)}, "-", nil},
		{"as a type with Refs", []string{"feat: x", "revert: x\n\nRefs: " + id(0)[:8]}, "-", nil},
		{"others stay", []string{"feat: x", "fix: y", undo(0, "feat: x")}, "1.2.4", []int{1}},
		{"a revert of a revert", []string{"feat: x", undo(0, "feat: x"), undo(1, "Revert")}, "1.3.0", []int{0}},
		{"and its revert", []string{"feat: x", undo(0, "feat: x"), undo(1, "Revert"), undo(2, "Revert")}, "-", nil},
		{"on two branches", []string{"feat: x", undo(0, "feat: x"), undo(0, "feat: x")}, "-", nil},
		{"of a release", []string{undo(77, "feat: x")}, "1.2.4", []int{0}},
		{"of both", []string{"feat: x", "revert: x\n\nThis reverts commits " + id(0) + " and " + id(77) + "."}, "1.2.4", []int{1}},
		{"of something newer", []string{undo(1, "feat: x"), "feat: x"}, "1.3.0", []int{1, 0}},
		{"of itself", []string{undo(0, "feat: x")}, "1.2.4", []int{0}},
		{"a fix that says so", []string{"feat: x", "fix: y\n\nThis reverts commit " + id(0)}, "1.3.0", []int{1, 0}},
		{"squashed by a forge", []string{"feat: x (#12)", "fix: y (#11)", "Revert \"feat: x (#12)\" (#13)\n\nReverts o/r#12"}, "1.2.4", []int{1}},
		{"squashed, without the number", []string{"feat: x (#12)", "Revert \"feat: x\" (#13)"}, "-", nil},
		{"squashed, of another number", []string{"feat: x (#12)", "feat: x (#11)", "Revert \"feat: x (#12)\" (#13)"}, "1.3.0", []int{1}},
		{"squashed, and brought back", []string{"feat: x (#1)", "Revert \"feat: x (#1)\" (#2)", "Revert \"Revert \"feat: x (#1)\" (#2)\" (#3)"}, "1.3.0", []int{0}},
		{"squashed, and reapplied", []string{"feat: x", "Revert \"feat: x\"", "Reapply \"feat: x\""}, "1.3.0", []int{0}},
		{"of a header that is not there", []string{"feat: x", "Revert \"feat: w\" (#3)"}, "1.3.0", []int{1, 0}},
		{"of a header that comes later", []string{"Revert \"feat: x\" (#3)", "feat: x"}, "1.3.0", []int{1, 0}},
		{"as a type without an id", []string{"feat: x (#12)", "revert: feat: x (#12)"}, "-", nil},
		{"of a breaking change", []string{"feat!: x", undo(0, "feat!: x"), "fix: y"}, "1.2.4", []int{2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := next(t, since(t, "1.2.3", tc.messages...), changelog.Policy{})
			assert.Equal(t, tc.want, spoken(d))
			var listed []string
			for _, r := range d.Reasons {
				listed = append(listed, r.ID)
			}
			var want []string
			for _, n := range tc.listed {
				want = append(want, id(n))
			}
			assert.Equal(t, want, listed)
			assert.Equal(t, len(tc.messages), len(d.Reasons)+len(d.Skipped))
			text := d.Notes(changelog.NotesOptions{Other: true}).Markdown()
			for _, s := range d.Skipped {
				assert.Equal(t, true, s.Cancelled)
				assert.NotContains(t, text, s.ID[:10])
			}
		})
	}
	t.Run("an ambiguous id", func(t *testing.T) {
		h := since(t, "1.2.3", "feat: x", "Revert \"feat: x\"\n\nThis reverts commit 00000001.")
		h.Commits = append(h.Commits, changelog.Commit{ID: "00000001ff", Text: "docs: y"})
		assert.Equal(t, "1.3.0", spoken(next(t, h, changelog.Policy{})))
	})
}

func TestRevertsThatFitSeveralCommits(t *testing.T) {
	plan, err := changelog.Decide(since(t, "1.2.3", "feat: x", "feat: x", "Revert \"feat: x\""), changelog.Policy{})
	require.NoError(t, err)
	assert.Equal(t, "1.3.0", spoken(plan.Components[0]))
	assert.Len(t, plan.Components[0].Reasons, 3, "none of them is taken back")
	require.Len(t, plan.Diagnostics, 1)
	assert.Equal(t, changelog.CodeUnclearRevert, plan.Diagnostics[0].Code)
	assert.Equal(t, id(2), plan.Diagnostics[0].Commit)
	plan, err = changelog.Decide(since(t, "1.2.3", "feat: x", undo(0), "feat: x", "Revert \"feat: x\"", "fix: y"), changelog.Policy{})
	require.NoError(t, err)
	assert.Len(t, plan.Diagnostics, 1, "which of the two an older revert takes back is not known yet")
}

// TestRevertsOfTwoBranches: the first revert that is looked at is the one that counts.
func TestRevertsOfTwoBranches(t *testing.T) {
	d := next(t, since(t, "1.2.3", "feat: x", undo(0), undo(0)), changelog.Policy{})
	require.Len(t, d.Skipped, 3)
	assert.Equal(t, "taken back by "+id(2)[:10], d.Skipped[2].Why)
}

func undo(n int) string { return fmt.Sprintf("Revert \"x\"\n\nThis reverts commit %s.", id(n)) }

// TestRevertsAgainstTheTree compares cancelling with what reverts do to a tree: each one turns the
// feature that it goes back to off and on again. As git has it, a feature can be taken back while
// it is there, and the last commit that turned it can be taken back at any time.
func TestRevertsAgainstTheTree(t *testing.T) {
	type feature struct {
		commit, last int
		there        bool
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var messages []string
		var features []*feature
		for n := range 1 + random.IntN(12) {
			if len(features) == 0 || random.IntN(4) == 0 {
				messages = append(messages, "feat: x")
				features = append(features, &feature{commit: n, last: n, there: true})
				continue
			}
			f := features[random.IntN(len(features))]
			target := f.last
			if f.there && random.IntN(2) == 0 {
				target = f.commit
			}
			messages = append(messages, fmt.Sprintf("Revert \"x\"\n\nThis reverts commit %s.", id(target)))
			f.there, f.last = !f.there, n
		}
		var want, got []string
		for i := len(features) - 1; i >= 0; i-- {
			if features[i].there {
				want = append(want, id(features[i].commit))
			}
		}
		for _, r := range next(t, since(t, "1.2.3", messages...), changelog.Policy{}).Reasons {
			got = append(got, r.ID)
		}
		require.Equal(t, want, got, "%s", strings.Join(messages, "\n---\n"))
	}
}

func TestMoreCommitsNeverLowerTheVersion(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	kinds := []string{"fix: x", "feat: x", "feat!: x", "chore: x", "text", "perf(a): y\n\nBREAKING CHANGE: z", "Merge branch 'a'"}
	for _, previous := range []string{"", "0.3.1", "1.2.3"} {
		var messages []string
		last := changelog.Decision{}
		for range 200 {
			messages = append(messages, kinds[random.IntN(len(kinds))])
			d := next(t, since(t, previous, messages...), changelog.Policy{})
			require.GreaterOrEqual(t, d.Level, last.Level)
			if last.Next != nil {
				require.False(t, d.Next.LessThan(last.Next))
			}
			last = d
		}
	}
}

func TestTags(t *testing.T) {
	tag := func(text string, reachable bool) changelog.Ref {
		return changelog.Ref{Name: "v" + text, Commit: id(9), Reachable: reachable}
	}
	t.Run("taken on another branch", func(t *testing.T) {
		h := since(t, "1.2.3", "fix: x")
		h.Tags = append(h.Tags, tag("1.2.4+other", false))
		_, err := changelog.Decide(h, changelog.Policy{})
		require.ErrorIs(t, err, changelog.ErrTaken)
		assert.ErrorContains(t, err, "1.2.4 is tagged as v1.2.4+other at 0000000a00")
	})
	t.Run("taken by a tag with or without v", func(t *testing.T) {
		for format, name := range map[changelog.TagFormat]string{"": "1.2.4", "{version}": "v1.2.4"} {
			h := since(t, "1.2.3", "fix: x")
			h.Tags[0].Name = format.Print(version(t, "1.2.3"))
			h.Tags = append(h.Tags, changelog.Ref{Name: name, Commit: id(9)})
			_, err := changelog.Decide(h, changelog.Policy{Tags: format})
			require.ErrorIs(t, err, changelog.ErrTaken)
			assert.ErrorContains(t, err, "there is a tag "+name)
			h.Tags[len(h.Tags)-1].Name = "1.2.5"
			assert.Equal(t, "1.2.4", spoken(next(t, h, changelog.Policy{Tags: format})))
		}
		h := since(t, "1.2.3", "fix: x")
		h.Tags = []changelog.Ref{{Name: "a/v1.2.3", Commit: id(8), Reachable: true}, {Name: "1.2.4"}, {Name: "v1.2.4"}, {Name: "b/v1.2.4"}}
		assert.Equal(t, "1.2.4", spoken(next(t, h, changelog.Policy{Tags: "a/v{version}"})), "another part of the repository has that")
	})
	t.Run("higher on another branch", func(t *testing.T) {
		h := since(t, "1.2.3", "fix: x")
		h.Tags = append(h.Tags, tag("2.0.0", false))
		assert.Equal(t, "1.2.4", spoken(next(t, h, changelog.Policy{})))
	})
	t.Run("a pre-release that announces more", func(t *testing.T) {
		h := since(t, "1.2.3", "fix: x")
		h.Tags = append(h.Tags, tag("2.0.0-rc.2", true), tag("1.2.4-rc.1", true))
		d := next(t, h, changelog.Policy{})
		assert.Equal(t, "2.0.0", spoken(d))
		assert.Equal(t, changelog.Major, d.Level)
		assert.Equal(t, "the pre-release v2.0.0-rc.2 goes before; what has come since v2.0.0-rc.2 is released with it", d.Why)
	})
	t.Run("a pre-release and no release", func(t *testing.T) {
		h := since(t, "", "fix: x")
		h.Tags = append(h.Tags, tag("1.0.0-rc.1", true))
		assert.Equal(t, "1.0.0", spoken(next(t, h, changelog.Policy{})))
	})
	t.Run("a pre-release that says the same", func(t *testing.T) {
		h := since(t, "1.2.3", "feat: x")
		h.Tags = append(h.Tags, tag("1.3.0-rc.1", true))
		assert.Equal(t, "1.3.0", spoken(next(t, h, changelog.Policy{})))
	})
}

func TestNextRefuses(t *testing.T) {
	t.Run("a number without a successor", func(t *testing.T) {
		_, err := changelog.Decide(since(t, fmt.Sprintf("1.%d.0", uint64(math.MaxUint64)), "feat: x"), changelog.Policy{})
		assert.ErrorContains(t, err, "the number is the largest there is")
	})
	t.Run("a policy, with all that is wrong", func(t *testing.T) {
		_, err := changelog.Decide(changelog.History{}, changelog.Policy{
			Types:   map[string]changelog.Level{"Feat": changelog.Minor, "a b": changelog.Patch, "x": 9},
			Unknown: -1, Free: 4, Initial: version(t, "1.0.0-a"), Zero: "none", Tags: "v",
		})
		for _, want := range []string{
			`Types["Feat"]: not a type in lower case`, `Types["a b"]`, `Types["x"]: Level(9) is no level`, "Unknown: Level(-1)",
			"Free: Level(4)", "Initial: 1.0.0-a must be three numbers", `Zero: "none" is none of`, `Tags: tag format "v": must hold {version} once`,
		} {
			assert.ErrorContains(t, err, want)
		}
	})
}

func TestDiagnosticsNameTheirCommit(t *testing.T) {
	d, err := changelog.Decide(since(t, "1.2.3", "fix: x\n\nBREAKING CHANGES: y", "no type"), changelog.Policy{})
	require.NoError(t, err)
	require.Len(t, d.Diagnostics, 2)
	assert.Equal(t, id(1), d.Diagnostics[0].Commit)
	assert.Equal(t, changelog.CodeNotBreaking, d.Diagnostics[1].Code)
	assert.Equal(t, id(0), d.Diagnostics[1].Commit)
}

func TestDecisionAsJSON(t *testing.T) {
	h := since(t, "1.2.3", "feat: x\n\nbody", "chore: y", "fix! z")
	h.Head = id(2)
	h.Tags = append(h.Tags, changelog.Ref{Name: "latest", Commit: id(9)})
	h.Commits[0].Authored = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	d := next(t, h, changelog.Policy{})
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var back changelog.Decision
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	assert.Equal(t, d.Explain(), back.Explain())
	assert.Equal(t, d.Notes(changelog.NotesOptions{Other: true}), back.Notes(changelog.NotesOptions{Other: true}))

	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	assert.Equal(t, "1.2.3", fields["previous"])
	assert.Equal(t, "1.3.0", fields["next"])
	assert.Equal(t, "minor", fields["level"])
	reason := fields["reasons"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"commit": id(0), "level": "minor", "rule": "feat is minor", "subject": "feat: x", "new": true, "message": "feat: x\n\nbody"}, reason)
	assert.Contains(t, fields["ignored_tags"].([]any)[0].(map[string]any)["why"], "does not have the form")
}

func TestExplain(t *testing.T) {
	h := since(t, "1.2.3", "feat: x", "fix(core): y", "chore: z", "Merge branch 'a'", "evil\x1b[31m")
	h.Tags = append(h.Tags, changelog.Ref{Name: "v9.9.9", Object: "blob"})
	assert.Equal(t, `1.2.3 -> 1.3.0 (minor): the highest level of all commits since 1.2.3 is minor
previous: v1.2.3 is the highest release tag that can be reached from HEAD
counted:
  0000000200  patch  fix(core): y  (fix is patch)
  0000000100  minor  feat: x       (feat is minor)
not counted:
  0000000500  evil`+"\uFFFD"+`[31m         (not a conventional commit: a colon must follow "evil"; by the policy it is none)
  0000000400  Merge branch 'a'  (a merge: what it brings is told by the commits that were merged)
  0000000300  chore: z          (chore is none)
tags ignored:
  v9.9.9  (points at a blob, not at a commit)
`, next(t, h, changelog.Policy{}).Explain())
	assert.Equal(t, "no release -> nothing to release: no commit calls for a version\nprevious: no release tag can be reached from HEAD\n",
		next(t, changelog.History{}, changelog.Policy{}).Explain())
}

func TestLevelText(t *testing.T) {
	for l := changelog.None; l <= changelog.Major; l++ {
		text, err := l.MarshalText()
		require.NoError(t, err)
		var back changelog.Level
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, l, back)
	}
	var l changelog.Level
	assert.ErrorContains(t, l.UnmarshalText([]byte("huge")), `level "huge": want none, patch, minor or major`)
	_, err := changelog.Level(7).MarshalText()
	assert.EqualError(t, err, "Level(7) is no level")
}
