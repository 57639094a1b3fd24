package version_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/stage/version"
)

// What hinders one component is recorded with its reasons, and hinders none that needs nothing of it.
func TestHinderedComponent(t *testing.T) {
	dir := repository(t, "feat(a): begin", "tag a/v1.0.0", "tag b/v1.0.0", "tag c/v1.0.0", "tag v1.0.0", "fix(a): x", "fix(b): x")
	run(t, dir, "checkout", "-q", "-b", "other")
	run(t, dir, "commit", "-q", "--allow-empty", "-m", "chore: x")
	run(t, dir, "tag", "b/v1.0.1")
	run(t, dir, "checkout", "-q", "main")
	policy := changelog.Policy{Umbrella: &changelog.Component{Name: "all"}, Components: []changelog.Component{
		{Name: "a", Scopes: []string{"a"}}, {Name: "b", Scopes: []string{"b"}}, {Name: "c", Scopes: []string{"c"}, DependsOn: []string{"b"}},
	}}
	for name, fails := range map[string]bool{"a": false, "b": true, "c": true, "all": true} {
		s := version.Stage{Dir: dir, Policy: policy, Component: name}
		h := stagetest.NewHost(s)
		if err := s.Run(t.Context(), h.Task()); fails {
			assert.ErrorIs(t, err, changelog.ErrTaken, name)
			assert.ErrorContains(t, err, "component b: ", name)
		} else {
			assert.NoError(t, err, name)
		}
		require.Len(t, h.Details(), 2, name)
		var d changelog.Decision
		require.NoError(t, json.Unmarshal(h.Details()[0].Data, &d))
		assert.Equal(t, name, d.Name)
		if name == "b" {
			assert.Contains(t, d.Why, "b/v1.0.1")
			assert.Len(t, d.Reasons, 1)
		}
	}
}
