package release_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An answer that decides is one that was heard, and one that comes behind it is not.
func TestAReviewTellsWhichAnswersWereHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := release.NewRunner(release.Config{})
		defer runner.Close()
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "before", Do: approval.Stage{}}, {Name: "approve", Do: approval.Stage{}, Needs: []string{"before"}},
		}}
		require.NoError(t, runner.Begin(t.Context(), p, request("r1")))
		for _, sig := range []stage.Signal{
			{ID: "decides", Kind: stage.Approve, Stage: "approve", By: "grace"},
			{ID: "late", Kind: stage.Approve, Stage: "approve", By: "linus"},
			{ID: "begins", Kind: stage.Approve, Stage: "before", By: "grace"},
		} {
			require.NoError(t, runner.Signal(t.Context(), "r1", sig))
		}
		_, err := runner.Wait(t.Context(), "r1")
		require.NoError(t, err)
		review, err := runner.Review(t.Context(), "r1")
		require.NoError(t, err)
		require.Len(t, review.Unheard, 1)
		assert.Equal(t, "late", review.Unheard[0].ID)
	})
}

func TestAReviewTellsWhatWasUndone(t *testing.T) {
	for name, c := range map[string]struct {
		undo func(context.Context, *stage.Task) error
		want string
	}{
		"well": {nil, "succeeded, undone"},
		"badly": {func(context.Context, *stage.Task) error {
			return &stage.Error{Outcome: stage.Stranded, Reason: "it is gone"}
		}, "succeeded, not undone"},
	} {
		t.Run(name, func(t *testing.T) {
			runner := release.NewRunner(release.Config{})
			_, err := runner.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{
				{Name: "a", Do: new(deeds).stage(c.undo)},
				{Name: "b", Do: do(failing), Needs: []string{"a"}, OnFailure: release.Undo},
			}}, request("r1"))
			require.Error(t, err)
			review, err := runner.Review(t.Context(), "r1")
			require.NoError(t, err)
			assert.Contains(t, review.String(), c.want)
		})
	}
}
