package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func moved(kind rollout.EventKind, text string) ledger.Noted {
	data, err := json.Marshal(rollout.Event{Kind: kind, Text: text})
	if err != nil {
		panic(err)
	}
	return ledger.Noted{Name: deploy.DetailEvent, Data: data}
}

// What is made of events, each told once.
func TestWhatHappened(t *testing.T) {
	deployment := ledger.Stage{Name: "deploy", Environment: "production", CanUndo: true, OnFailure: ledger.Undo, Listens: []stage.SignalKind{stage.Approve}}
	check := ledger.Stage{Name: "check", Needs: []string{"deploy"}, OnFailure: ledger.Undo}
	fragile := ledger.Stage{Name: "deploy", OnFailure: ledger.Freeze, Effect: stage.AtMostOnce}
	at := func(s string, attempt int, b ledger.Body) ledger.Event {
		return ledger.Event{Stage: s, Attempt: attempt, Body: b}
	}
	on := func(b ledger.Body) ledger.Event { return ledger.Event{Body: b} }
	sig := func(kind stage.SignalKind, name string) ledger.Event {
		return on(ledger.Signalled{Signal: stage.Signal{ID: string(kind) + name, Kind: kind, Stage: name, By: "ada"}})
	}
	verdict := func(o gate.Outcome) ledger.Event {
		return at("deploy", 1, ledger.Judged{Verdict: gate.Verdict{Gate: "errors", Outcome: o}})
	}
	for _, c := range []struct {
		name   string
		stages []ledger.Stage
		events []ledger.Event
		want   []string
	}{
		{"a rollout that asks, goes back and is undone", []ledger.Stage{deployment}, []ledger.Event{
			at("deploy", 1, ledger.Began{}), at("deploy", 1, moved(rollout.StepStarted, "")), at("deploy", 1, moved(rollout.StepReached, "10%")),
			at("deploy", 1, moved(rollout.Asked, "go on?")), sig(stage.Approve, "deploy"), at("deploy", 1, moved(rollout.Answered, "yes")),
			at("deploy", 1, moved(rollout.Asked, "all?")), at("deploy", 1, moved(rollout.Answered, "by default")),
			at("deploy", 1, moved(rollout.Stuck, "no room")), at("deploy", 1, moved(rollout.GoingBack, "harm")), at("deploy", 1, moved(rollout.Progressed, "")),
		}, []string{"2 stage.began", "4 rollout.reached", "5 approval.asked", "6 approval.answered", "8 approval.asked", "9 approval.answered",
			"10 rollout.stuck", "11 rollout.going-back"}},
		{"an undo", []ledger.Stage{deployment, check}, []ledger.Event{
			at("deploy", 1, ledger.Began{}), at("deploy", 1, ledger.Ended{Outcome: stage.Succeeded}),
			at("check", 1, ledger.Began{}), at("check", 1, ledger.Ended{Outcome: stage.Failed, Reason: "harm"}), on(ledger.Undoing{Reason: "harm"}),
			at("deploy", 1, ledger.UndoBegan{}), at("deploy", 1, ledger.UndoEnded{Outcome: stage.Failed, RetryAt: time.Now()}),
			at("deploy", 2, ledger.UndoBegan{}), at("deploy", 2, ledger.UndoEnded{Outcome: stage.Succeeded}), on(ledger.Finished{Outcome: stage.RolledBack}),
		}, []string{"2 stage.began", "3 stage.succeeded", "4 stage.began", "5 stage.failed", "6 release.undoing", "10 stage.undone", "11 release.rolled-back"}},
		{"gates that change their minds", []ledger.Stage{deployment}, []ledger.Event{
			at("deploy", 1, ledger.Began{}), verdict(gate.Continue), verdict(gate.Pass), verdict(gate.Pass), verdict(gate.Fail), verdict(gate.Inconclusive), verdict(gate.Pass),
		}, []string{"2 stage.began", "4 gate.passed", "6 gate.failed", "7 gate.inconclusive", "8 gate.passed"}},
		{"a wait, a takeover and a person", []ledger.Stage{deployment}, []ledger.Event{
			at("deploy", 1, ledger.Began{}), at("deploy", 1, ledger.Ended{Outcome: stage.Waiting}), sig(stage.Pause, ""), sig(stage.Resume, ""),
			on(ledger.Interrupted{Reason: "host stops"}), on(ledger.Taken{Host: "b", Fence: 2}), at("deploy", 2, ledger.Began{}),
			at("deploy", 2, ledger.Ended{Outcome: stage.Waiting}), sig(stage.Abort, ""),
		}, []string{"2 stage.began", "3 approval.asked", "4 release.paused", "5 release.resumed", "6 release.interrupted", "7 release.taken", "10 release.aborting"}},
		{"a stage that is parked, and tried again", []ledger.Stage{fragile}, []ledger.Event{
			at("deploy", 1, ledger.Began{}), at("deploy", 1, ledger.Ended{Outcome: stage.Failed, Reason: "broke", Parked: "only a person can tell"}),
			sig(stage.Retry, "deploy"), at("deploy", 2, ledger.Began{}), at("deploy", 2, ledger.Ended{Outcome: stage.Succeeded}), on(ledger.Finished{Outcome: stage.Succeeded}),
		}, []string{"2 stage.began", "3 stage.parked", "4 stage.signalled", "5 stage.began", "6 stage.succeeded", "7 release.succeeded"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, ch := new(release.MemoryStore), &room{}
				all := append([]ledger.Event{on(ledger.Requested{Release: stage.Release{ID: "shop-1", Service: "shop"}, Pipeline: ledger.Pipeline{Name: "shop", Stages: c.stages}})}, c.events...)
				for i := range all {
					all[i].Seq, all[i].Time = uint64(i+1), time.Now()
				}
				_, err := ledger.Fold(func(yield func(ledger.Event, error) bool) {
					for _, e := range all {
						if !yield(e, nil) {
							return
						}
					}
				})
				require.NoError(t, err)
				require.NoError(t, store.Append(t.Context(), "shop-1", 0, all...))
				begin(t, plain(store, map[string]notify.Channel{"room": ch}))
				time.Sleep(time.Minute)
				var got []string
				for _, m := range ch.got() {
					got = append(got, fmt.Sprintf("%d %s", m.Seq, m.Kind))
				}
				assert.Equal(t, append([]string{"1 release.requested"}, c.want...), got)
			})
		})
	}
}

func TestDeploysAndVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Deploys = func(s ledger.Stage) bool { return s.Name == "deploy" }
		o.Severity = func(o notify.Occurrence) notify.Severity {
			if o.Environment == "production" {
				return notify.Urgent
			}
			return o.Kind.Severity()
		}
		begin(t, o)
		set := stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Previous.Ref()}, Stage: stage.Func(func(_ context.Context, task *stage.Task) error {
			return errors.Join(stage.Version.Set(task, "1.5.0"), stage.Previous.Set(task, "1.4.0"))
		})}
		_, done := launch(t, store, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "version", Do: set}, {Name: "deploy", Do: stage.Func(well), Needs: []string{"version"}, Environment: "production"},
		}}, "shop-1")
		<-done
		time.Sleep(time.Minute)
		got := ch.got()
		require.Len(t, got, 6)
		assert.Equal(t, "shop 1.5.0, deploy is done", got[4].Subject)
		assert.Equal(t, "1.4.0", got[4].Previous)
		assert.True(t, got[4].Deploys)
		assert.False(t, got[2].Deploys)
		assert.Equal(t, notify.Urgent, got[4].Severity)
		assert.Equal(t, []string{"production"}, got[0].Environments)
	})
}
