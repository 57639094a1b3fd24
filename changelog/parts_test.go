package changelog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// plainly is a second implementation of components, slow and simple: each component walks the history for itself, looks at
// every path of every commit, and asks all others for their levels until nothing changes.
type plainly struct {
	history changelog.History
	policy  changelog.Policy
}

func (p plainly) commit(id string) changelog.Commit {
	for _, c := range p.history.Commits {
		if c.ID == id {
			return c
		}
	}
	return changelog.Commit{}
}

func (p plainly) ancestors(id string, seen map[string]bool) {
	if !seen[id] {
		seen[id] = true
		for _, parent := range p.commit(id).Parents {
			p.ancestors(parent, seen)
		}
	}
}

// claim is the length of the longest path of a list that holds a path, -1 for none.
func claim(paths []string, path string) int {
	longest := -1
	for _, own := range paths {
		switch {
		case own == ".":
			longest = max(longest, 0)
		case strings.HasPrefix(path+"/", own+"/"):
			longest = max(longest, len(own))
		}
	}
	return longest
}

func (p plainly) owns(c changelog.Component, commit changelog.Commit) bool {
	score := func(c changelog.Component, path string) int {
		own := c.Paths
		if len(own) == 0 && len(c.Scopes) == 0 {
			own = []string{"."}
		}
		own = slices.Clone(own)
		best := max(2*claim(own, path)+1, 2*claim(c.Aliases, path))
		if best < 0 || 2*claim(c.Excludes, path) >= best {
			return -1
		}
		return best
	}
	for _, path := range commit.Paths {
		best := -1
		for _, other := range p.policy.Components {
			best = max(best, score(other, path))
		}
		if best >= 0 && score(c, path) == best {
			return true
		}
	}
	scoped := func(c changelog.Component) bool { return slices.Contains(c.Scopes, changelog.Parse(commit.Text).Scope) }
	switch {
	case scoped(c):
		return true
	case !p.policy.NeedsPaths():
		return slices.Contains(c.Paths, ".") // nobody has read any paths
	case len(commit.Paths) > 0:
		return false
	}
	return slices.Contains(c.Paths, ".") && !slices.ContainsFunc(p.policy.Components, scoped)
}

// last are the last version of a component and the commits that came with it.
func (p plainly) last(name string) (*semver.Version, map[string]bool) {
	var best *semver.Version
	gone := map[string]bool{}
	for _, tag := range p.history.Tags {
		text, ok := strings.CutPrefix(tag.Name, name+"/v")
		if !ok {
			continue
		}
		if v := semver.MustParse(text); best == nil || v.GreaterThan(best) {
			best, gone = v, map[string]bool{}
			p.ancestors(tag.Commit, gone)
		}
	}
	return best, gone
}

// leader is the member of a fixed group with the highest version that another one was left behind by, "" for none, and that version.
func (p plainly) leader(name string) (leader string, ahead *semver.Version) {
	for _, g := range p.policy.Groups {
		mine, gone := p.last(name)
		if g.Kind != changelog.Fixed || !slices.Contains(g.Components, name) {
			continue
		}
		for _, other := range g.Components {
			if v, _ := p.last(other); v != nil && (mine == nil || v.GreaterThan(mine)) && (ahead == nil || v.GreaterThan(ahead)) {
				leader, ahead = other, v
			}
		}
		if ahead != nil && !p.behind(name, mine, gone, leader, ahead) {
			return "", nil
		}
	}
	return leader, ahead
}

// behind says that a member should have what another one has.
func (p plainly) behind(name string, mine *semver.Version, gone map[string]bool, leader string, ahead *semver.Version) bool {
	_, theirs := p.last(leader)
	if mine == nil {
		at := slices.IndexFunc(p.policy.Components, func(c changelog.Component) bool { return c.Name == name })
		return slices.ContainsFunc(p.history.Commits, func(c changelog.Commit) bool { return theirs[c.ID] && p.owns(p.policy.Components[at], c) })
	}
	first := true
	for _, t := range p.history.Tags {
		text, ok := strings.CutPrefix(t.Name, leader+"/v")
		if !ok {
			continue
		}
		switch v := semver.MustParse(text); {
		case v.Equal(mine):
			return true
		case v.LessThan(ahead), v.Equal(ahead) && gone[t.Commit]:
			first = false
		}
	}
	return first && ahead.Minor() == mine.Minor()+1 // all of these tags differ in that
}

// missed is the level of the releases of a component that another one should have been part of.
func (p plainly) missed(name, on string) changelog.Level {
	have, gone := p.last(name)
	if leader, _ := p.leader(name); leader != "" {
		_, gone = p.last(leader)
	}
	released, _ := p.last(on)
	if have == nil || released == nil {
		return changelog.None
	}
	for _, tag := range p.history.Tags {
		if tag.Name == on+"/v"+released.String() && !gone[tag.Commit] {
			return changelog.Minor // all of these tags differ in that
		}
	}
	return changelog.None
}

// plan tells the commits and the next version of each component in words.
func (p plainly) plan() string {
	var b strings.Builder
	level, next := map[string]changelog.Level{}, map[string]string{}
	group := map[string]changelog.Level{} // without what a release of the group has already
	mine := map[string][]string{}
	for _, c := range p.policy.Components {
		_, gone := p.last(c.Name)
		for _, commit := range p.history.Commits {
			if !gone[commit.ID] && p.owns(c, commit) {
				mine[c.Name] = append(mine[c.Name], commit.ID)
				kind, _, _ := strings.Cut(changelog.Parse(commit.Text).Header, ":")
				kind, _, _ = strings.Cut(kind, "(")
				own := map[string]changelog.Level{"feat": changelog.Minor, "fix": changelog.Patch}[kind]
				level[c.Name] = max(level[c.Name], own)
				leader, _ := p.leader(c.Name)
				if _, has := p.last(leader); leader == "" || !has[commit.ID] {
					group[c.Name] = max(group[c.Name], own)
				}
			}
		}
	}
	for range 10 * len(p.policy.Components) {
		for _, c := range p.policy.Components {
			for _, on := range c.DependsOn {
				if given := max(level[on], p.missed(c.Name, on)); given > 0 {
					if p.policy.Propagate != changelog.PropagateSame {
						given = changelog.Patch
					}
					level[c.Name], group[c.Name] = max(level[c.Name], given), max(group[c.Name], given)
				}
			}
		}
		for _, g := range p.policy.Groups {
			highest := changelog.None
			for _, name := range g.Components {
				highest = max(highest, group[name])
			}
			for _, name := range g.Components {
				if leader, _ := p.leader(name); leader != "" {
					level[name] = changelog.Minor // it goes to another version, whatever that is
				}
				if level[name] > 0 || g.Kind == changelog.Fixed {
					group[name], level[name] = highest, max(level[name], highest)
				}
			}
		}
	}
	for _, c := range p.policy.Components {
		previous, _ := p.last(c.Name)
		for _, g := range p.policy.Groups {
			for _, name := range g.Components {
				if v, _ := p.last(name); slices.Contains(g.Components, c.Name) && v != nil && (previous == nil || v.GreaterThan(previous)) {
					previous = v
				}
			}
		}
		next[c.Name] = "-"
		own := level[c.Name]
		if slices.ContainsFunc(p.policy.Groups, func(g changelog.Group) bool { return slices.Contains(g.Components, c.Name) }) {
			own = group[c.Name]
		}
		_, ahead := p.leader(c.Name)
		switch {
		case own == changelog.None && ahead != nil:
			next[c.Name] = ahead.String()
		case own == changelog.None:
		case previous == nil:
			next[c.Name] = "1.0.0"
		default:
			raised := map[changelog.Level]func() semver.Version{changelog.Minor: previous.IncMinor, changelog.Patch: previous.IncPatch}[own]()
			next[c.Name] = raised.String()
		}
		fmt.Fprintf(&b, "%s %s %v\n", c.Name, next[c.Name], mine[c.Name])
	}
	return b.String()
}

// inWords is what a plan says, as plainly has it.
func inWords(plan changelog.Plan, commits []changelog.Commit) string {
	var b strings.Builder
	for _, d := range plan.Components {
		var mine []string
		for _, c := range commits {
			if slices.ContainsFunc(d.Reasons, func(r changelog.Reason) bool { return r.ID == c.ID }) ||
				slices.ContainsFunc(d.Skipped, func(s changelog.Skipped) bool { return s.ID == c.ID }) {
				mine = append(mine, c.ID)
			}
		}
		fmt.Fprintf(&b, "%s %s %v\n", d.Name, spoken(d), mine)
	}
	return b.String()
}

// pick is some of several texts, each once.
func pick(r *rand.Rand, from []string, most int) []string {
	var some []string
	for range r.IntN(most + 1) {
		if text := from[r.IntN(len(from))]; !slices.Contains(some, text) {
			some = append(some, text)
		}
	}
	return some
}

// without are the texts that are none of others.
func without(texts, others []string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return slices.Contains(others, text) })
}

// drawnPolicy makes random components that depend on each other and are bound in groups.
func drawnPolicy(r *rand.Rand) changelog.Policy {
	folders := []string{".", "a", "a/b", "a/b/c", "ab", "b", "b/x", "c", "a/x"}
	p := changelog.Policy{Initial: semver.New(1, 0, 0, "", "")}
	names := []string{"one", "two", "three", "four", "five"}[:1+r.IntN(5)]
	for i, name := range names {
		c := changelog.Component{Name: name, Tags: changelog.TagFormat(name + "/v{version}"), Paths: pick(r, folders, 2), Scopes: pick(r, []string{"x", "y"}, 1)}
		c.Aliases = without(without(pick(r, folders, 1), c.Paths), []string{"."})
		for _, path := range without(without(pick(r, folders, 2), c.Paths), append(c.Aliases, ".")) {
			if claim(append(slices.Clone(c.Paths), c.Aliases...), path) >= 0 || len(c.Paths)+len(c.Scopes) == 0 {
				c.Excludes = append(c.Excludes, path)
			}
		}
		if len(c.Paths)+len(c.Scopes) == 0 {
			c.Paths = []string{"."}
		}
		c.DependsOn = pick(r, names[:i+1], 2)
		c.DependsOn = without(c.DependsOn, []string{name})
		p.Components = append(p.Components, c)
	}
	r.Shuffle(len(p.Components), func(i, k int) { p.Components[i], p.Components[k] = p.Components[k], p.Components[i] })
	switch kind := r.IntN(4); {
	case kind == 0:
		p.Propagate = changelog.PropagateSame
	case kind < 3 && len(names) > 2:
		p.Groups = []changelog.Group{{Name: "g", Kind: []changelog.GroupKind{changelog.Fixed, changelog.Linked}[kind-1], Components: names[:2]}}
	}
	return p
}

func TestComponentsAgainstPlainWalks(t *testing.T) {
	released := 0
	for seed := range uint64(4000 / raced) {
		r := rand.New(rand.NewPCG(seed, 17))
		commits, _ := history(r)
		p := drawnPolicy(r)
		for i := range commits {
			commits[i].Text = []string{"feat: x", "fix: x", "docs: x", "feat(x): x", "fix(y): x"}[r.IntN(5)]
			commits[i].Paths = pick(r, []string{"a/f", "a/b/f", "a/b/c/f", "ab/f", "b/f", "b/x", "c/f", "a/x/f", "f", "d/f"}, 3)
		}
		h := changelog.History{Head: commits[0].ID, Commits: commits}
		for _, c := range p.Components {
			for n := range r.IntN(3) {
				h.Tags = append(h.Tags, changelog.Ref{Name: fmt.Sprintf("%s/v1.%d.0", c.Name, n+r.IntN(2)*5), Commit: commits[r.IntN(len(commits))].ID})
			}
		}
		r.Shuffle(len(h.Tags), func(i, k int) { h.Tags[i], h.Tags[k] = h.Tags[k], h.Tags[i] })
		plan, err := changelog.Decide(h, p)
		require.NoError(t, err, "%+v", p)
		require.Equal(t, plainly{h, p}.plan(), inWords(plan, commits), "seed %d: %+v\n%+v", seed, p, h)
		told := map[string]bool{}
		for _, d := range plan.Components {
			if d.Next != nil {
				released++
			}
			for _, r := range d.Reasons {
				told[r.ID] = true
			}
			for _, s := range d.Skipped {
				told[s.ID] = true
			}
		}
		for _, s := range plan.Skipped {
			require.False(t, told[s.ID], "a commit of nobody is somebody's")
		}
	}
	require.Greater(t, released, 2000)
}
