package git_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// planned are the next tags of all components, "-" for none.
func (w *workshop) planned(p changelog.Policy) string {
	w.t.Helper()
	h, err := w.open().History(w.t.Context(), p)
	require.NoError(w.t, err)
	plan, err := changelog.Decide(h, p)
	require.NoError(w.t, err)
	var tags []string
	for _, d := range plan.Components {
		tag := d.NextTag
		if tag == "" {
			tag = "-"
		}
		tags = append(tags, tag)
	}
	if plan.Umbrella != nil {
		tags = append(tags, plan.Umbrella.NextTag)
	}
	return strings.Join(tags, " ")
}

func folders(names ...string) changelog.Policy {
	var p changelog.Policy
	for _, name := range names {
		p.Components = append(p.Components, changelog.Component{Name: name, Paths: []string{name}})
	}
	return p
}

func TestComponentsOfARepository(t *testing.T) {
	t.Run("several tags on one commit that touches one of them", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "a/x", "b/x")
		w.change("feat: b", "b/x")
		w.run("tag", "a/v1.0.0")
		w.run("tag", "b/v2.0.0")
		w.change("fix: a", "a/x")
		w.change("feat: b again", "b/x")
		assert.Equal(t, "a/v1.0.1 b/v2.1.0", w.planned(folders("a", "b")))
	})
	t.Run("each since its own release", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "a/x", "ab/x", "a/b/x")
		w.run("tag", "a/v1.0.0")
		w.change("feat: one", "ab/x")
		w.run("tag", "a/b/v1.0.0")
		w.change("feat!: two", "a/b/x")
		w.run("tag", "ab/v1.0.0")
		w.change("fix: three", "a/b/y", "a/y")
		assert.Equal(t, "a/v1.0.1 ab/- a/b/v2.0.0", strings.Replace(w.planned(folders("a", "ab", "a/b")), " - ", " ab/- ", 1))
	})
	t.Run("a folder that was moved", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "services/api/x", "y")
		w.run("tag", "api/v1.0.0")
		w.change("feat: at the old place", "services/api/x")
		w.run("mv", "services/api", "api")
		w.commit("chore: move")
		w.change("fix: at the new place", "api/x")
		p := folders("api")
		assert.Equal(t, "api/v1.0.1", w.planned(p), "what was at the old place is nobody's")
		p.Components[0].Aliases = []string{"services/api"}
		assert.Equal(t, "api/v1.1.0", w.planned(p))
	})
	t.Run("branches that were merged", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "a/x", "b/x", "c/x")
		for _, tag := range []string{"a/v1.0.0", "b/v1.0.0", "c/v1.0.0"} {
			w.run("tag", tag)
		}
		w.run("checkout", "--quiet", "-b", "side")
		w.change("feat: on the side", "a/y")
		w.run("checkout", "--quiet", "main")
		w.change("fix: on main", "b/y")
		w.run("tag", "b/v1.0.1")
		w.run("merge", "--quiet", "--no-ff", "-m", "feat!: merge with a message of its own", "side")
		assert.Equal(t, "a/v2.0.0 - -", w.planned(folders("a", "b", "c")), "a merge has what it changes against its first parent")
	})
	t.Run("names that nobody would choose", func(t *testing.T) {
		w := newWorkshop(t)
		odd := "a\nb\t\"c\" ä\xff"
		w.change("feat: begin", odd+"/x", "d/x")
		w.run("tag", "odd/v1.0.0")
		w.run("tag", "d/v1.0.0")
		w.change("fix: odd", odd+"/x")
		p := folders("d")
		p.Components = append(p.Components, changelog.Component{Name: "odd", Paths: []string{odd}})
		assert.Equal(t, "- odd/v1.0.1", w.planned(p))
	})
	t.Run("one was never released", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "a/x", "b/x")
		w.run("tag", "a/v1.0.0")
		assert.Equal(t, "- b/v0.1.0", w.planned(folders("a", "b")))
	})
	t.Run("with an umbrella", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "a/x", "b/x")
		for _, tag := range []string{"a/v1.0.0", "b/v1.0.0", "v7.0.0"} {
			w.run("tag", tag)
		}
		w.commit("feat: nothing")
		p := folders("a", "b")
		p.Umbrella = &changelog.Component{Name: "all"}
		assert.Equal(t, "- - ", w.planned(p), "an empty commit is nobody's")
		w.change("fix: a", "a/x")
		assert.Equal(t, "a/v1.0.1 - v7.0.1", w.planned(p))
	})
	t.Run("an umbrella that is older than all others, and one on another branch", func(t *testing.T) {
		w := newWorkshop(t)
		w.change("feat: begin", "a/x", "b/x")
		w.run("tag", "v7.0.0")
		w.run("checkout", "--quiet", "-b", "side")
		w.change("feat: aside", "a/y")
		w.run("tag", "v8.0.0")
		w.run("checkout", "--quiet", "main")
		w.change("feat: more", "a/x", "b/x")
		w.run("tag", "a/v1.0.0")
		w.run("tag", "b/v1.0.0")
		p := folders("a", "b")
		p.Umbrella = &changelog.Component{Name: "all"}
		assert.Equal(t, "- - v7.1.0", w.planned(p), "it was left behind")
		w.change("fix: a", "a/x")
		assert.Equal(t, "a/v1.0.1 - v7.1.0", w.planned(p))
	})
	t.Run("Go modules, as they are", func(t *testing.T) {
		w := newWorkshop(t)
		w.write("go.mod", "module example.org/boat\n")
		w.write("ec2/v2/go.mod", "module example.org/boat/ec2/v2\nrequire example.org/boat v1.0.0\n")
		w.change("feat: begin", "boat.go", "ec2/v2/ec2.go")
		w.run("tag", "v1.0.0")
		w.run("tag", "ec2/v2.0.0")
		w.change("feat: x", "boat.go")
		components, err := changelog.GoModules(map[string]string{
			"go.mod": w.run("show", "HEAD:go.mod"), "ec2/v2/go.mod": w.run("show", "HEAD:ec2/v2/go.mod"),
		})
		require.NoError(t, err)
		assert.Equal(t, "v1.1.0 ec2/v2.0.1", w.planned(changelog.Policy{Components: components}))
	})
}
