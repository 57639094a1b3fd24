package approval_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// house is one host after the other on one store.
type house struct {
	t      *testing.T
	store  *release.MemoryStore
	runner *release.Runner
	does   release.Pipeline
}

func begin(t *testing.T, s approval.Stage) *house {
	h := &house{t: t, store: new(release.MemoryStore), does: release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "approve", Do: s}}}}
	h.runner = release.NewRunner(release.Config{Store: h.store})
	require.NoError(t, h.runner.Begin(t.Context(), h.does, release.Request{ID: "r1", Service: "shop", RequestedBy: "requester"}))
	return h
}

func (h *house) say(kind stage.SignalKind, by string) {
	h.t.Helper()
	require.NoError(h.t, h.runner.Signal(h.t.Context(), "r1", stage.Signal{Kind: kind, Stage: "approve", By: by}))
	synctest.Wait()
}

// rest stops the host, and starts the next one after some time.
func (h *house) rest(d time.Duration) {
	h.t.Helper()
	h.runner.Stop(context.Background())
	time.Sleep(d)
	h.runner = release.NewRunner(release.Config{Store: h.store})
	_, err := h.runner.TakeUp(h.t.Context(), h.does)
	require.NoError(h.t, err)
	synctest.Wait()
}

func (h *house) is(want stage.Outcome) {
	h.t.Helper()
	state, err := h.runner.State(h.t.Context(), "r1")
	require.NoError(h.t, err)
	assert.Equal(h.t, want, state.Stage("approve").Outcome, "%s", state.Stage("approve").Reason)
}

// With an engine, over hosts that come and go.
func TestAnApprovalOutlivesItsHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, approval.Stage{Groups: team.Groups, FourEyes: true, Deadline: 24 * time.Hour})
		defer func() { h.runner.Stop(context.Background()) }()
		h.say(stage.Approve, "requester")
		h.say(stage.Approve, "ada")
		h.rest(time.Hour)
		h.is(stage.Waiting)
		h.say(stage.Approve, "eve")
		h.say(stage.Withdraw, "ada")
		h.say(stage.Approve, "grace")
		h.rest(time.Hour)
		h.is(stage.Waiting)
		h.say(stage.Approve, "ada")
		h.is(stage.Succeeded)
		review, err := h.runner.Review(t.Context(), "r1")
		require.NoError(t, err)
		notes := 0
		for _, d := range review.Details {
			if d.Name == approval.DetailIgnored {
				notes++
			}
		}
		assert.Equal(t, 1, notes)
	})
	for answer, want := range map[approval.Answer]stage.Outcome{approval.Approve: stage.Succeeded, approval.Reject: stage.Rejected} {
		synctest.Test(t, func(t *testing.T) {
			h := begin(t, approval.Stage{Quorum: 2, Deadline: time.Hour, Default: answer})
			defer func() { h.runner.Stop(context.Background()) }()
			h.say(stage.Approve, "ada")
			h.is(stage.Waiting)
			h.rest(2 * time.Hour)
			h.is(want)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		h := begin(t, approval.Stage{Deadline: time.Hour})
		defer func() { h.runner.Stop(context.Background()) }()
		time.Sleep(time.Hour - 1)
		synctest.Wait()
		h.is(stage.Waiting)
		time.Sleep(1)
		synctest.Wait()
		h.is(stage.Rejected)
	})
}
