package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// TestWhoWasBehindInAGroup: its level is that of its step, the sentence says so, and the umbrella does not go by it.
func TestWhoWasBehindInAGroup(t *testing.T) {
	policy := changelog.Policy{
		Components: []changelog.Component{part("a"), part("b")},
		Groups:     []changelog.Group{{Name: "g", Kind: changelog.Linked, Components: []string{"a", "b"}}},
		Umbrella:   &changelog.Component{Name: "all"},
	}
	plan, err := changelog.Decide(line("a/v1.0.0@0 b/v1.2.0@0 v1.0.0@0", changes("feat: begin", "a/x", "b/x"), changes("fix: a", "a/x")), policy)
	require.NoError(t, err)
	assert.Equal(t, "a 1.2.1, b -, all 1.0.1", versions(plan))
	assert.Equal(t, changelog.Minor, plan.Components[0].Level)
	assert.Equal(t, "the linked group g: the highest level of all commits since 1.2.0 is patch; from 1.0.0 that is a minor release", plan.Components[0].Why)
	assert.Equal(t, changelog.Patch, plan.Umbrella.Level)
}
