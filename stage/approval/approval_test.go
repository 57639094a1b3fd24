package approval_test

import (
	"context"
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

// says is a list of answers, as "ada yes".
func says(answers ...string) []stage.Signal {
	var out []stage.Signal
	for _, a := range answers {
		by, word, _ := strings.Cut(a, "|")
		kind := stage.Approve
		if word == "no" {
			kind = stage.Reject
		}
		out = append(out, stage.Signal{Kind: kind, By: by})
	}
	return out
}

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

// TestNobodyIsLetThrough makes sure that the stages which wait in the table above really do.
func TestNobodyIsLetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := approval.Stage{Quorum: 2, FourEyes: true, People: []string{"ada", "grace", "requester"}}
		host := stagetest.NewHost(s)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- s.Run(ctx, host.Task()) }()
		for _, sig := range says("requester|yes", "mallory|yes", "ada|yes", "Ada|yes") {
			host.Send(sig.Kind, sig.By, "")
			synctest.Wait()
			assert.Empty(t, result)
		}
		assert.Len(t, host.Details(), 3, "each answer that did not count is noted")
		shown := host.Shown()
		assert.Equal(t, "approve subject? 1 of 2 approvals", shown[len(shown)-1].Text)
		cancel()
		assert.ErrorIs(t, <-result, context.Canceled)
	})
}

func TestDeadline(t *testing.T) {
	for _, test := range []struct {
		answer approval.Answer
		want   stage.Outcome
	}{{"", stage.Rejected}, {approval.Reject, stage.Rejected}, {approval.Approve, stage.Succeeded}} {
		synctest.Test(t, func(t *testing.T) {
			s := approval.Stage{Deadline: time.Hour, Default: test.answer}
			began := time.Now()
			err := s.Run(t.Context(), stagetest.NewHost(s).Task())
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
		require.Error(t, s.Run(first, host.Task()))
		began := time.Now()
		assert.ErrorContains(t, s.Run(t.Context(), host.Task()), "no answer within 1h0m0s")
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
	assert.NoError(t, approval.Stage{}.Validate())
}
