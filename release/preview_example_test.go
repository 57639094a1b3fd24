package release_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What would run is known before anything does. After a first release, so is how long it takes.
func ExampleRunner_Preview() {
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	deploy := stage.Undoable{Stage: nothing, By: nothing}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: nothing, Retry: release.Retry{Attempts: 3}},
		{Name: "staging", Do: deploy, Needs: []string{"build"}, Environment: "staging"},
		{Name: "approve", Do: approval.Stage{Ask: "Release?"}, Needs: []string{"staging"}},
		{Name: "production", Do: deploy, Needs: []string{"approve"}, Environment: "production", OnFailure: release.Undo},
	}}
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	preview, err := runner.Preview(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(preview)
	// Output:
	// Preview of release shop-1 of shop by pipeline shop
	//   takes a time that is not known
	//   and the time that people take to answer approve
	//
	// Stages
	//   wave  begins       takes      slow  runs  stage       where       needs
	//   1     0s           not known              build
	//   2     0s or later  not known              staging     staging     build
	//   3     0s or later  not known              approve                 staging
	//   4     0s or later  not known              production  production  approve
	//
	// What they need and do
	//   build       3 attempts
	//   staging     can be undone
	//   approve     listens for approve, reject, withdraw
	//   production  can be undone; on failure undo
	//
	// If one fails
	//   build, staging, approve: the release ends as failed
	//   production: the release ends as rolled-back, after the undo of production, staging
}

func TestAPreviewOfAForkWithTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "build", Do: sleeper(4 * time.Minute)},
			{Name: "deploy", Do: sleeper(time.Minute), Needs: []string{"build"}},
		}}
		r := release.NewRunner(release.Config{})
		_, err := r.Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		preview, err := r.Preview(t.Context(), p, forkOf("r2", "r1", "deploy"))
		require.NoError(t, err)
		assert.Equal(t, time.Minute, preview.Total)
		assert.Equal(t, `Preview of release r2 of shop by pipeline shop
  forked from release r1 at stage deploy
  takes 1m0s, by 1 earlier release

Stages
  wave  begins  takes  slow  runs  stage   where  needs
  1     0s      1m0s   1m0s  1     deploy         build

If one fails
  deploy: the release ends as failed

Not run
  build  succeeded in an earlier release
`, preview.String())
	})
}
