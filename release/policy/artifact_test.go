package policy_test

import (
	"testing"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What was built for each of several items is one artifact only for whoever deploys each of them.
func TestArtifactsByItem(t *testing.T) {
	list, other := stage.NewKey[[]string]("services").Ref(), stage.NewKey[[]string]("regions").Ref()
	one, all := stage.NewKey[stage.Artifact]("image").Ref(), stage.NewKey[map[string]stage.Artifact]("image").Ref()
	each := func(key stage.Ref) *ledger.Each { return &ledger.Each{Key: key} }
	build := ledger.Stage{Name: "build", Each: each(list), Writes: []stage.Ref{one}, Traits: []stage.Trait{stage.Builds}}
	whole := ledger.Stage{Name: "build", Writes: []stage.Ref{all}}
	for name, test := range map[string]struct {
		build               ledger.Stage
		staging, production *ledger.Each
		want                []string
	}{
		"of the same list":         {build, each(list), each(list), nil},
		"of none":                  {build, nil, nil, []string{"r staging", "r production"}},
		"one of them of none":      {build, each(list), nil, []string{"r production"}},
		"of another list":          {build, each(list), each(other), []string{"r production"}},
		"written as a map":         {whole, nil, nil, []string{"r staging", "r production"}},
		"written as a map, by one": {whole, each(list), each(list), []string{"r staging", "r production"}},
	} {
		p := ledger.Pipeline{Name: "p", Inputs: []stage.Ref{list, other}, Stages: []ledger.Stage{
			test.build,
			{Name: "staging", Needs: []string{"build"}, Each: test.staging, Reads: []stage.Ref{all}, Traits: []stage.Trait{stage.Deploys}},
			{Name: "production", Needs: []string{"staging"}, Each: test.production, Reads: []stage.Ref{all}, Traits: []stage.Trait{stage.Deploys}},
		}}
		report, err := policy.Policy{Name: "p", Rules: []policy.Rule{{Name: "r", Demand: policy.SameArtifact{}}}}.Check("shop", p, today)
		require.NoError(t, err)
		assert.Equal(t, test.want, broken(report), name)
	}
}
