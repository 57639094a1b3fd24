package notify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A question outlives the host that asked it: it is told once, it escalates until it is answered, and one that is asked anew is told anew.
func TestAQuestionOutlivesItsHost(t *testing.T) {
	ask := ledger.Stage{Name: "ask", Traits: []stage.Trait{stage.Asks}, Listens: []stage.SignalKind{stage.Approve}}
	again := ask
	again.Retry = ledger.Retry{Attempts: 3}
	deploy := ledger.Stage{Name: "ask", Traits: []stage.Trait{stage.Deploys}, Listens: []stage.SignalKind{stage.Approve}}
	at := func(attempt int, b ledger.Body) ledger.Event {
		return ledger.Event{Stage: "ask", Attempt: attempt, Body: b}
	}
	taken, stops := ledger.Event{Body: ledger.Taken{Host: "b", Fence: 2}}, ledger.Event{Body: ledger.Interrupted{}}
	waits, left := ledger.Ended{Outcome: stage.Waiting}, ledger.Ended{Outcome: stage.Interrupted}
	for name, c := range map[string]struct {
		stage  ledger.Stage
		events []ledger.Event
		asked  int
		open   bool
	}{
		"that died while it looked": {ask, []ledger.Event{at(1, ledger.Began{}), at(1, waits), at(2, ledger.Began{}), taken, at(3, ledger.Began{}), at(3, waits)}, 1, true},
		"that stopped while it looked": {ask, []ledger.Event{at(1, ledger.Began{}), at(1, waits), at(2, ledger.Began{}), stops, at(2, left), taken,
			at(3, ledger.Began{}), at(3, waits)}, 1, true},
		"whose look failed": {again, []ledger.Event{at(1, ledger.Began{}), at(1, waits), at(2, ledger.Began{}), at(2, ledger.Ended{Outcome: stage.Failed, RetryAt: time.Unix(1, 0)}),
			at(3, ledger.Began{}), at(3, waits)}, 2, true},
		"that died in a rollout": {deploy, []ledger.Event{at(1, ledger.Began{}), at(1, moved(rollout.Asked, "go on?")), taken, at(2, ledger.Began{}),
			at(2, moved(rollout.Asked, "go on?"))}, 1, true},
		"that stopped in a rollout": {deploy, []ledger.Event{at(1, ledger.Began{}), at(1, moved(rollout.Asked, "go on?")), stops, at(1, left), taken, at(2, ledger.Began{}),
			at(2, moved(rollout.Asked, "go on?"))}, 1, true},
		"whose rollout was promoted": {deploy, []ledger.Event{at(1, ledger.Began{}), at(1, moved(rollout.Asked, "go on?")), at(1, moved(rollout.StepDone, ""))}, 1, false},
		"whose rollout went back":    {deploy, []ledger.Event{at(1, ledger.Began{}), at(1, moved(rollout.Asked, "go on?")), at(1, moved(rollout.GoingBack, "harm"))}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, ch := new(release.MemoryStore), &room{}
				all := append([]ledger.Event{{Body: ledger.Requested{Release: stage.Release{ID: "r", Service: "shop"}, Pipeline: ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{c.stage}}}}},
					c.events...)
				for i := range all {
					all[i].Seq, all[i].Time = uint64(i+1), time.Now()
				}
				require.NoError(t, store.Append(t.Context(), "r", 0, all...))
				o := plain(store, map[string]notify.Channel{"room": ch})
				o.Rules = []notify.Rule{{Name: "questions", Kinds: []string{"approval.*"}, To: []string{"team"}, Escalate: &notify.Escalation{After: time.Hour, To: []string{"team"}}}}
				begin(t, o)
				time.Sleep(150 * time.Minute)
				told := map[notify.Kind]int{}
				for _, m := range ch.got() {
					told[m.Kind]++
				}
				assert.Equal(t, c.asked, told[notify.ApprovalAsked])
				assert.Equal(t, map[bool]int{true: 2}[c.open], told[notify.ApprovalEscalated], "each hour")
			})
		})
	}
}
