package approval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	s := approval.Stage{Ask: "Release to production?", FourEyes: true}
	host := stagetest.NewHost(s) // asked for by "requester"
	host.Send(stage.Approve, "requester", "it is mine")
	host.Send(stage.Reject, "grace", "not on a Friday")
	fmt.Println(s.Run(context.Background(), host.Task()))
	// Output: rejected by grace: not on a Friday
}

// Two of the team and one of security are asked. Grace approves, takes it back, and approves again.
func ExampleGroup() {
	s := approval.Stage{
		Ask: "Release to production?",
		Groups: []approval.Group{
			{Name: "team", People: []string{"ada", "grace", "linus"}, Quorum: 2},
			{Name: "security", People: []string{"eve"}},
		},
	}
	host := stagetest.NewHost(s)
	for _, say := range []struct {
		kind stage.SignalKind
		by   string
	}{{stage.Approve, "grace"}, {stage.Withdraw, "grace"}, {stage.Approve, "eve"}, {stage.Approve, "ada"}, {stage.Approve, "grace"}} {
		host.Send(say.kind, say.by, "")
		fmt.Println(s.Run(context.Background(), host.Task())) // as an engine does whenever somebody answers
	}
	// Output:
	// waiting: Release to production? team 1 of 2 (still asked: ada, linus), security 0 of 1 (still asked: eve)
	// waiting: Release to production? team 0 of 2 (still asked: ada, grace, linus), security 0 of 1 (still asked: eve)
	// waiting: Release to production? team 0 of 2 (still asked: ada, grace, linus), security 1 of 1
	// waiting: Release to production? team 1 of 2 (still asked: grace, linus), security 1 of 1
	// <nil>
}

// says is a list of answers, as "ada|yes".
func says(answers ...string) []stage.Signal {
	var out []stage.Signal
	for _, a := range answers {
		by, word, _ := strings.Cut(a, "|")
		out = append(out, stage.Signal{Kind: map[string]stage.SignalKind{"yes": stage.Approve, "no": stage.Reject, "back": stage.Withdraw}[word], By: by})
	}
	return out
}

// team asks for two of a team and one of security; one person is in both.
var team = approval.Stage{Groups: []approval.Group{
	{Name: "team", People: []string{"ada", "grace", "linus", "both", "requester"}, Quorum: 2},
	{Name: "security", People: []string{"eve", "both"}},
}}

var foureyed = approval.Stage{Groups: team.Groups, FourEyes: true}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name    string
		stage   approval.Stage
		answers []stage.Signal
		want    stage.Outcome
		waits   bool
	}{
		{name: "one yes", answers: says("ada|yes")},
		{name: "one no", answers: says("ada|no"), want: stage.Rejected},
		{name: "nobody", waits: true},
		{name: "quorum reached", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", "grace|yes")},
		{name: "quorum not reached", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes"), waits: true},
		{name: "nobody counts twice", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", " ADA|yes"), waits: true},
		{name: "a no beats a yes before it", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", "grace|no"), want: stage.Rejected},
		{name: "the requester does not count", stage: approval.Stage{FourEyes: true}, answers: says("requester|yes"), waits: true},
		{name: "the requester in capitals does not count", stage: approval.Stage{FourEyes: true}, answers: says("Requester|yes"), waits: true},
		{name: "someone else does", stage: approval.Stage{FourEyes: true}, answers: says("requester|yes", "ada|yes")},
		{name: "the requester may say no", stage: approval.Stage{FourEyes: true}, answers: says("requester|no"), want: stage.Rejected},
		{name: "without four eyes the requester counts", answers: says("requester|yes")},
		{name: "strangers do not count", stage: approval.Stage{People: []string{"ada"}}, answers: says("mallory|yes", "mallory|no"), waits: true},
		{name: "those named do", stage: approval.Stage{People: []string{"ada"}}, answers: says("mallory|no", "ada|yes")},
		{name: "taken back", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", "Ada|back", "grace|yes"), waits: true},
		{name: "taken back, and given again", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", "ada|back", "grace|yes", "ada|yes")},
		{name: "taken back too late", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", "grace|yes", "ada|back")},
		{name: "taken back by someone else", stage: approval.Stage{Quorum: 2}, answers: says("ada|yes", "linus|back", "grace|yes")},
		{name: "both groups", stage: team, answers: says("ada|yes", "eve|yes", "grace|yes")},
		{name: "one group", stage: team, answers: says("ada|yes", "grace|yes", "linus|yes"), waits: true},
		{name: "nobody counts in two groups", stage: team, answers: says("ada|yes", "both|yes"), waits: true},
		{name: "whoever is in two makes room", stage: team, answers: says("ada|yes", "both|yes", "eve|yes")},
		{name: "whoever is in two makes room, and counts in the other", stage: team, answers: says("eve|yes", "both|yes", "grace|yes")},
		{name: "strangers count in no group", stage: team, answers: says("ada|yes", "mallory|yes", "eve|yes"), waits: true},
		{name: "a no of any group", stage: team, answers: says("ada|yes", "eve|no"), want: stage.Rejected},
		{name: "a requester in a group", stage: foureyed, answers: says("requester|yes", "ada|yes", "eve|yes"), waits: true},
		{name: "four eyes that a group cannot have", stage: approval.Stage{FourEyes: true, Groups: []approval.Group{
			{Name: "team", People: []string{"ada"}}, {Name: "security", People: []string{"requester"}},
		}}, want: stage.Failed},
		{name: "four eyes that cannot be had", stage: approval.Stage{FourEyes: true, People: []string{"ada", "requester"}, Quorum: 2}, want: stage.Failed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			stagetest.Run(t, func() stage.Stage { return test.stage }, stagetest.Case{
				Name: test.name, Signals: test.answers, Want: test.want, Waits: test.waits,
			})
		})
	}
}

// TestNobodyIsLetThrough makes sure that the stages which wait in the table above really do, and that
// each answer which does not count is noted once, however often the stage is run.
func TestNobodyIsLetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := approval.Stage{Quorum: 2, FourEyes: true, People: []string{"ada", "grace", "requester"}}
		host := stagetest.NewHost(s)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- host.Run(ctx) }()
		for _, sig := range says("requester|yes", "mallory|yes", "grace|back", "ada|yes", "Ada|yes") {
			host.Send(sig.Kind, sig.By, "")
			synctest.Wait()
			assert.Empty(t, result)
		}
		var reasons []string
		for _, d := range host.Details() {
			var note approval.Ignored
			require.NoError(t, json.Unmarshal(d.Data, &note))
			assert.Equal(t, approval.DetailIgnored, d.Name)
			assert.NotEmpty(t, note.Signal)
			reasons = append(reasons, note.Reason)
		}
		assert.Equal(t, []string{
			"requester asked for the release, and someone else must approve it", "mallory is not among those who may answer",
			"grace has not approved, so there is nothing to take back", "Ada has approved already",
		}, reasons)
		shown := host.Shown()
		assert.Equal(t, stage.Progress{Done: 1, Total: 2, Text: "approve subject? 1 of 2 approvals (still asked: grace)"}, shown[len(shown)-1])
		cancel()
		assert.ErrorIs(t, <-result, context.Canceled)
	})
}

// It holds no goroutine while it waits: it says until when, and is run again.
func TestItReturnsWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := team
		s.Ask, s.Deadline = "Release?", time.Hour
		host := stagetest.NewHost(s)
		host.Send(stage.Approve, "ada", "")
		began := time.Now()
		err := s.Run(t.Context(), host.Task())
		var waits *stage.Error
		require.ErrorAs(t, err, &waits)
		assert.Equal(t, stage.Waiting, waits.Outcome)
		assert.True(t, waits.Until.Equal(began.Add(time.Hour)))
		until := began.Add(time.Hour).UTC().Format("2006-01-02 15:04:05 UTC")
		assert.Equal(t, "Release? team 1 of 2 (still asked: grace, linus, both, requester), security 0 of 1 (still asked: eve, both), until "+until, waits.Reason)
		assert.Zero(t, time.Since(began))
		shown := len(host.Shown())
		assert.Equal(t, stage.Waiting, stage.OutcomeOf(s.Run(t.Context(), host.Task())), "without news it waits on")
		assert.Len(t, host.Shown(), shown)
	})
}

// Whoever may not answer any more does not count any more.
func TestAStageThatWasChangedMeanwhile(t *testing.T) {
	s := approval.Stage{Quorum: 2, People: []string{"ada", "grace", "linus"}}
	host := stagetest.NewHost(s)
	host.Send(stage.Approve, "ada", "")
	require.Equal(t, stage.Waiting, stage.OutcomeOf(s.Run(t.Context(), host.Task())))
	s.People = []string{"grace", "linus"}
	host.Send(stage.Approve, "grace", "")
	assert.Equal(t, stage.Waiting, stage.OutcomeOf(s.Run(t.Context(), host.Task())))
	s.Quorum = 1
	assert.NoError(t, s.Run(t.Context(), host.Task()), "and one is enough by now")
}

func TestLongNamesFillNoRecord(t *testing.T) {
	s := approval.Stage{Ask: strings.Repeat("ü", 250), Quorum: 2}
	for i := range 20 {
		s.Groups = append(s.Groups, approval.Group{Name: fmt.Sprint(strings.Repeat("g", 95), i), People: []string{"ada" + fmt.Sprint(i)}})
	}
	s.Quorum = 0
	require.NoError(t, s.Validate())
	host := stagetest.NewHost(s)
	host.Send(stage.Approve, strings.Repeat("m", stage.MaxDetail), "")
	assert.Equal(t, stage.Waiting, stage.OutcomeOf(s.Run(t.Context(), host.Task())))
	assert.Len(t, host.Details(), 1)
	assert.Len(t, host.Shown(), 1)
}

func TestDeadline(t *testing.T) {
	for _, test := range []struct {
		answer approval.Answer
		want   stage.Outcome
	}{{"", stage.Rejected}, {approval.Reject, stage.Rejected}, {approval.Approve, stage.Succeeded}} {
		synctest.Test(t, func(t *testing.T) {
			s := approval.Stage{Deadline: time.Hour, Default: test.answer}
			began := time.Now()
			err := stagetest.NewHost(s).Run(t.Context())
			assert.Equal(t, test.want, stage.OutcomeOf(err))
			assert.Equal(t, time.Hour, time.Since(began))
		})
	}
}

func TestTheDeadlineCountsFromTheFirstAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := approval.Stage{Deadline: time.Hour}
		host := stagetest.NewHost(s)
		first, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
		defer cancel()
		require.Error(t, host.Run(first))
		began := time.Now()
		assert.ErrorContains(t, host.Run(t.Context()), "no answer within 1h0m0s")
		assert.Equal(t, 20*time.Minute, time.Since(began))
	})
}

func TestAnAnswerFromBeforeTheDeadlineCountsAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := approval.Stage{Deadline: time.Hour}
		host := stagetest.NewHost(s)
		host.Started = time.Now()
		host.Send(stage.Approve, "ada", "")
		time.Sleep(2 * time.Hour)
		assert.NoError(t, s.Run(t.Context(), host.Task()))
	})
}

func TestAnAnswerFromAfterTheDeadlineComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := approval.Stage{Deadline: time.Hour}
		host := stagetest.NewHost(s)
		host.Started = time.Now()
		time.Sleep(2 * time.Hour)
		host.Send(stage.Approve, "ada", "")
		assert.Equal(t, stage.Rejected, stage.OutcomeOf(s.Run(t.Context(), host.Task())))
	})
}

func TestValidate(t *testing.T) {
	err := approval.Stage{
		Ask: strings.Repeat("?", 501), Quorum: 3, People: []string{"ada", "", "Ada "},
		Deadline: -1, Default: "perhaps",
	}.Validate()
	for _, want := range []string{
		"Approval.Ask: 501 bytes", "Approval.People[1]: it is empty", "Approval.People[2]: Ada  is named twice",
		"Approval.Deadline: -1ns is below zero", `Approval.Default: "perhaps"`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, approval.Stage{Quorum: -1}.Validate(), "Approval.Quorum: -1 is below zero")
	assert.ErrorContains(t, approval.Stage{Quorum: 2, People: []string{"ada"}}.Validate(), "2 people must approve, but only 1 may")
	assert.ErrorContains(t, approval.Stage{Default: approval.Approve}.Validate(), "there is none")
	err = approval.Stage{Quorum: 1, People: []string{"ada"}, Groups: []approval.Group{
		{Name: "team", People: []string{"ada", " ADA", ""}, Quorum: -1}, {Name: "Team", People: []string{"eve"}, Quorum: 2}, {Name: ""}, {Name: strings.Repeat("g", 101), People: []string{"eve"}},
	}}.Validate()
	for _, want := range []string{
		"Approval.Quorum: each of the Groups has its own", "Approval.People: they are those of the Groups", "Approval.Groups[0].People[1]:  ADA is named twice",
		"Approval.Groups[0].People[2]: it is empty", "Approval.Groups[0].Quorum: -1 is below zero", "Approval.Groups[1].Name: Team is there twice",
		"Approval.Groups[1].Quorum: 2 people must approve, but only 1 may", "Approval.Groups[2].Name: it is empty", "Approval.Groups[2].Quorum: 1 people must approve, but only 0 may",
		"Approval.Groups[3].Name: 101 bytes",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, approval.Stage{Groups: []approval.Group{
		{Name: "team", People: []string{"ada", "eve"}, Quorum: 2}, {Name: "security", People: []string{"eve"}},
	}}.Validate(), "nobody counts in more than one of them, and so there are not enough people: team 2 of 2, security 0 of 1")
	assert.NoError(t, team.Validate())
	assert.NoError(t, approval.Stage{}.Validate())
}
