package version_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/stage/version"
)

func TestFrom(t *testing.T) {
	for _, tc := range []struct {
		level changelog.Level
		runs  bool
	}{{changelog.Patch, false}, {changelog.Minor, false}, {changelog.Major, true}} {
		t.Run(tc.level.String(), func(t *testing.T) {
			ran := false
			s := version.From{Level: changelog.Major, Stage: stage.Func(func(context.Context, *stage.Task) error {
				ran = true
				return nil
			})}
			require.NoError(t, s.Validate())
			h := stagetest.NewHost(s, stagetest.Given(version.Level, tc.level))
			require.NoError(t, s.Run(t.Context(), h.Task()))
			assert.Equal(t, tc.runs, ran)
		})
	}
	s := version.From{Level: changelog.Minor, Stage: approval.Stage{Ask: "Release?"}}
	assert.Equal(t, stage.Listens(approval.Stage{Ask: "Release?"}), stage.Listens(s), "wrapping loses nothing")
	assert.Contains(t, stage.Reads(s), version.Level.Ref())

	err := version.From{}.Validate()
	assert.ErrorContains(t, err, "From.Level")
	assert.ErrorContains(t, err, "From.Stage: is missing")
	err = version.From{Level: changelog.Patch, Stage: version.Stage{}}.Validate()
	assert.ErrorContains(t, err, "writes keys")
	assert.ErrorContains(t, err, "Version.Dir")
	undone := stage.Undoable{Stage: stage.Func(func(context.Context, *stage.Task) error { return nil })}
	assert.ErrorContains(t, version.From{Level: changelog.Patch, Stage: undone}.Validate(), "can be undone")
}

// A patch is released by itself; a major version waits until somebody has said yes.
func ExampleFrom() {
	pipeline := func(level changelog.Level) release.Pipeline {
		decide := stage.Declared{ // version.Stage does this from a repository
			Stage: stage.Func(func(_ context.Context, t *stage.Task) error { return version.Level.Set(t, level) }),
			Write: []stage.Ref{version.Level.Ref()},
		}
		deploy := stage.Func(func(context.Context, *stage.Task) error { return nil })
		return release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "version", Do: decide},
			{Name: "ask", Do: version.From{Level: changelog.Major, Stage: approval.Stage{Ask: "Break the users of the API?"}}, Needs: []string{"version"}},
			{Name: "deploy", Do: deploy, Needs: []string{"ask"}},
		}}
	}
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	for _, level := range []changelog.Level{changelog.Patch, changelog.Major} {
		id := "shop-" + level.String()
		if level == changelog.Major {
			no := stage.Signal{Kind: stage.Reject, Stage: "ask", By: "grace", Why: "not this week"}
			go say(runner, id, no)
		}
		state, _ := runner.Run(context.Background(), pipeline(level), release.Request{ID: id, Service: "shop", RequestedBy: "ada"})
		fmt.Println(level, state.Outcome)
	}
	// Output:
	// patch succeeded
	// major rejected
}

// say gives an answer when it is asked for.
func say(runner *release.Runner, id string, answer stage.Signal) {
	for e, err := range runner.Watch(context.Background(), id, 0) {
		if err != nil || e.Stage == answer.Stage {
			_ = runner.Signal(context.Background(), id, answer)
			return
		}
	}
}
