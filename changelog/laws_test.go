package changelog_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

var (
	levels   = map[string]changelog.Level{"chore: x": changelog.None, "fix: x": changelog.Patch, "feat: x": changelog.Minor, "feat!: x": changelog.Major}
	messages = []string{"chore: x", "chore: x", "fix: x", "fix: x", "feat: x", "feat!: x"}
	channels = []string{"", "", "alpha", "beta", "rc"}
)

// grow makes a random step: a commit, a merge, another branch, a release by Decide, and, where it is wild, a tag that
// nobody decided.
func grow(t *testing.T, l *lineage, r *rand.Rand, wild bool) {
	t.Helper()
	branch := fmt.Sprint("b", r.IntN(3))
	switch n := r.IntN(20); {
	case n < 10 || l.head() == "":
		l.step(messages[r.IntN(len(messages))])
	case n < 12:
		l.step("on " + branch)
	case n < 14 && l.branches[branch] != "" && branch != l.branch:
		l.step("merge " + branch)
	case n < 19:
		if got, d, _ := outcome(t, l.history(), changelog.Policy{Channel: channels[r.IntN(len(channels))]}); got != "error" && d.Next != nil {
			l.step("tag " + d.NextTag)
		}
	case wild:
		tag := fmt.Sprintf("v%d.%d.%d", r.IntN(2), r.IntN(3), r.IntN(3))
		if c := channels[r.IntN(len(channels))]; c != "" {
			tag += fmt.Sprintf("-%s.%d", c, r.IntN(3))
		}
		if !slices.ContainsFunc(l.tags, func(t changelog.Ref) bool { return t.Name == tag }) {
			l.step("tag " + tag)
		}
	}
}

// TestLaws: whatever the history, as long as its versions were decided, and nothing is taken back or asked for by Release-As.
func TestLaws(t *testing.T) {
	for seed := range uint64(200 / raced) {
		r := rand.New(rand.NewPCG(seed, 7))
		l := steps("feat: begin")
		for range 30 {
			grow(t, l, r, false)
			policy := changelog.Policy{Channel: channels[r.IntN(len(channels))]}
			h := l.history()
			got, d, err := outcome(t, h, policy)

			shuffled := h
			shuffled.Tags = slices.Clone(h.Tags)
			r.Shuffle(len(shuffled.Tags), func(i, k int) {
				shuffled.Tags[i], shuffled.Tags[k] = shuffled.Tags[k], shuffled.Tags[i]
			})
			_, again, _ := outcome(t, shuffled, policy)
			require.Equal(t, d, again, "seed %d: the order of the tags is of no matter", seed)

			if d.Next == nil {
				continue
			}
			for _, tag := range h.Tags {
				if v := version(t, tag.Name[1:]); tag.Reachable {
					require.True(t, d.Next.GreaterThan(v), "seed %d: %s comes after %s", seed, d.Next, v)
				}
				require.NotEqual(t, tag.Name, d.NextTag)
			}

			released := *l
			released.tags = append(slices.Clone(l.tags), changelog.Ref{Name: d.NextTag, Commit: h.Head})
			now, _, err2 := outcome(t, released.history(), policy)
			require.Equal(t, "-", now, "seed %d: what is released is released (%s, %v, %v)", seed, got, err, err2)

			more := *l
			more.branches = map[string]string{l.branch: l.head()}
			more.commits = slices.Clone(l.commits)
			more.step(messages[r.IntN(len(messages))])
			_, then, _ := outcome(t, more.history(), policy)
			if then.Next == nil { // an error, as when the higher version is taken, lowers nothing
				require.Contains(t, then.Why, changelog.ErrTaken.Error(), "seed %d", seed)
				continue
			}
			require.False(t, then.Next.LessThan(d.Next), "seed %d: %s after %s", seed, then.Next, d.Next)
		}
	}
}

// TestChoosingAgainstASimpleOne compares with the rules as one would write them down at first: every set is found by
// walking, and every maximum by trying.
func TestChoosingAgainstASimpleOne(t *testing.T) {
	outcomes := map[string]int{}
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 11))
		l := steps("feat: begin")
		for range 4 + r.IntN(30) {
			grow(t, l, r, true)
		}
		h := l.history()
		policy := changelog.Policy{
			Channel: channels[r.IntN(len(channels))],
			Reach:   []changelog.Reach{"", changelog.ReachAncestors, changelog.ReachAll, changelog.ReachLine}[r.IntN(4)],
			Zero:    []changelog.Zero{"", changelog.ZeroStable}[r.IntN(2)], Final: r.IntN(5) == 0,
			Maintenance: []string{"", "", "", "0.x", "1.x", "1.1.x"}[r.IntN(6)],
		}
		got, d, err := outcome(t, h, policy)
		want := simple(l, policy)
		if err != nil {
			for _, is := range []error{changelog.ErrTaken, changelog.ErrLower, changelog.ErrOutOfRange} {
				if errors.Is(err, is) {
					got = is.Error()
				}
			}
		}
		require.Equal(t, want, got, "seed %d: %+v: %s\n%s", seed, policy, d.Why, d.Explain())
		outcomes[strings.TrimRight(got, "0123456789")]++
	}
	for _, is := range []error{changelog.ErrTaken, changelog.ErrLower, changelog.ErrOutOfRange} {
		assert.Positive(t, outcomes[is.Error()], "%v", is)
	}
	assert.Greater(t, outcomes["-"], 60)
	assert.Greater(t, len(outcomes), 20)
}

// simple is what the next version is, "-", or the sentinel error.
func simple(l *lineage, p changelog.Policy) string {
	own := l.ancestors(l.head())
	in := func(v *semver.Version) int { // below, in, above the line
		switch p.Maintenance {
		case "1.1.x":
			return semver.New(v.Major(), v.Minor(), 0, "", "").Compare(semver.MustParse("1.1.0"))
		case "0.x", "1.x":
			return semver.New(v.Major(), 0, 0, "", "").Compare(semver.MustParse(p.Maintenance[:1] + ".0.0"))
		}
		return 0
	}
	all, reach, counts := map[*semver.Version]string{}, []*semver.Version{}, []*semver.Version{}
	for _, tag := range l.tags {
		v := semver.MustParse(tag.Name[1:])
		all[v] = tag.Commit
		if own[tag.Commit] {
			reach = append(reach, v)
		}
	}
	for v, commit := range all {
		became := v.Prerelease() == "" && slices.ContainsFunc(reach, func(b *semver.Version) bool { return b.Prerelease() != "" && core(b).Equal(v) })
		if own[commit] || in(v) <= 0 && (p.Reach == changelog.ReachAll || became || p.Reach == changelog.ReachLine && p.Maintenance != "" && in(v) == 0) {
			counts = append(counts, v)
		}
	}
	top := func(of []*semver.Version, when func(*semver.Version) bool) (best *semver.Version) {
		for _, v := range of {
			if when(v) && (best == nil || v.GreaterThan(best)) {
				best = v
			}
		}
		return best
	}
	channel := p.Channel
	if p.Final {
		channel = ""
	}
	last := top(counts, func(v *semver.Version) bool { return v.Prerelease() == "" })
	pre := top(reach, func(v *semver.Version) bool {
		return v.Prerelease() != "" && (last == nil || v.GreaterThan(last)) && (channel == "" || strings.HasPrefix(v.Prerelease(), channel+"."))
	})

	level, news := changelog.None, false
	for _, c := range l.commits {
		if own[c.ID] && (last == nil || !l.ancestors(all[last])[c.ID]) {
			level = max(level, levels[c.Text])
			if c.Text == "feat: begin" {
				level = max(level, changelog.Minor)
			}
			news = news || (levels[c.Text] > 0 || c.Text == "feat: begin") && (pre == nil || !l.ancestors(all[pre])[c.ID])
		}
	}
	if last != nil && pre != nil && own[all[last]] && !l.ancestors(all[pre])[all[last]] && !l.ancestors(all[last])[all[pre]] {
		news = true
		if channel != "" && level == changelog.None {
			level = -1 // there is something to release, and no commit that raises the version
		}
	}
	if level == changelog.None && !(p.Final && pre != nil) || channel != "" && !news {
		return "-"
	}
	base := semver.MustParse("0.1.0")
	if last != nil {
		if level == changelog.Major && last.Major() == 0 && p.Zero != changelog.ZeroStable {
			level = changelog.Minor
		}
		base = map[changelog.Level]*semver.Version{
			-1: last, changelog.None: last, changelog.Patch: semver.New(last.Major(), last.Minor(), last.Patch()+1, "", ""),
			changelog.Minor: semver.New(last.Major(), last.Minor()+1, 0, "", ""), changelog.Major: semver.New(last.Major()+1, 0, 0, "", ""),
		}[level]
	}
	for _, v := range reach {
		if v.GreaterThan(base) {
			base = core(v)
		}
	}
	next := base
	if channel != "" {
		counter := 0
		for _, v := range counts {
			if n, err := strconv.Atoi(strings.TrimPrefix(v.Prerelease(), channel+".")); err == nil && core(v).Equal(base) {
				counter = max(counter, n)
			}
		}
		next = semver.New(base.Major(), base.Minor(), base.Patch(), fmt.Sprint(channel, ".", counter+1), "")
	}
	anything := func(*semver.Version) bool { return true }
	switch {
	case last != nil && in(last) > 0, in(next) != 0:
		return changelog.ErrOutOfRange.Error()
	case top(reach, anything) != nil && !next.GreaterThan(top(reach, anything)):
		return changelog.ErrLower.Error()
	}
	for v, commit := range all {
		if last == nil && v.Prerelease() == "" && !own[commit] && in(v) <= 0 && v.GreaterThan(next) {
			return changelog.ErrLower.Error()
		}
	}
	for v := range all {
		if v.Equal(next) || v.Equal(base) {
			return changelog.ErrTaken.Error()
		}
	}
	return next.String()
}

// core is a version without what makes it a pre-release.
func core(v *semver.Version) *semver.Version {
	return semver.New(v.Major(), v.Minor(), v.Patch(), "", "")
}
