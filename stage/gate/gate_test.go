package gate_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics"
	metricsgate "github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/gate"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func always(o metricsgate.Outcome) metricsgate.Gate {
	return metricsgate.Func(func(context.Context, metricsgate.Subject) (metricsgate.Verdict, error) {
		return metricsgate.Verdict{Outcome: o, Reason: "as it is told"}, nil
	})
}

// script answers one after the other, and the last one from then on. "error" is an error.
func script(asked *[]metricsgate.Subject, answers ...metricsgate.Outcome) metricsgate.Gate {
	return metricsgate.Func(func(_ context.Context, s metricsgate.Subject) (metricsgate.Verdict, error) {
		o := answers[min(len(*asked), len(answers)-1)]
		*asked = append(*asked, s)
		if o == "error" {
			return metricsgate.Verdict{}, errors.New("the source is down")
		}
		return metricsgate.Verdict{Outcome: o, Reason: "as it is told"}, nil
	})
}

func Example() {
	errorRate := metricsgate.Func(func(context.Context, metricsgate.Subject) (metricsgate.Verdict, error) {
		return metricsgate.Verdict{Outcome: metricsgate.Fail, Reason: "4% of 1200 requests failed, 1% may"}, nil
	})
	s := gate.Stage{Name: "error-rate", Gate: errorRate, Bake: 10 * time.Minute}
	fmt.Println(s.Run(context.Background(), stagetest.NewHost(s).Task()))
	// Output: failed: the gate failed: error-rate: 4% of 1200 requests failed, 1% may
}

func TestLaws(t *testing.T) {
	for _, c := range []struct {
		outcome metricsgate.Outcome
		want    stage.Outcome
		waits   bool
	}{
		{metricsgate.Pass, stage.Succeeded, false},
		{metricsgate.Fail, stage.Failed, false},
		{metricsgate.Inconclusive, stage.Failed, false},
		{"unheard-of", "", true},
		{metricsgate.Continue, "", true},
	} {
		t.Run(string(c.outcome), func(t *testing.T) {
			t.Parallel()
			stagetest.Run(t, func() stage.Stage { return gate.Stage{Gate: always(c.outcome)} },
				stagetest.Case{Want: c.want, Waits: c.waits})
		})
	}
}

func TestAnswers(t *testing.T) {
	const (
		pass, fail, more, down = metricsgate.Pass, metricsgate.Fail, metricsgate.Continue, "error"
	)
	tests := []struct {
		name    string
		bake    time.Duration
		answers []metricsgate.Outcome
		want    stage.Outcome
		after   time.Duration
	}{
		{"a pass", 0, []metricsgate.Outcome{pass}, stage.Succeeded, 0},
		{"a late pass", 0, []metricsgate.Outcome{more, more, pass}, stage.Succeeded, 20 * time.Second},
		{"errors are no answer", 0, []metricsgate.Outcome{down, down, down, pass}, stage.Succeeded, 30 * time.Second},
		{"errors never end well", 0, []metricsgate.Outcome{down}, stage.Failed, 5 * time.Minute},
		{"too little data never passes", 0, []metricsgate.Outcome{more}, stage.Failed, 5 * time.Minute},
		{"a pass before the end of the bake is none", time.Minute, []metricsgate.Outcome{pass}, stage.Succeeded, time.Minute},
		{"a fail in the bake", time.Minute, []metricsgate.Outcome{pass, pass, fail}, stage.Failed, 20 * time.Second},
		{"a fail at the end of the bake", 15 * time.Second, []metricsgate.Outcome{pass, pass, fail}, stage.Failed, 15 * time.Second},
		{"no data at the end of the bake", 15 * time.Second, []metricsgate.Outcome{pass, pass, more, pass}, stage.Succeeded, 25 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []metricsgate.Subject
				s := gate.Stage{Gate: script(&asked, test.answers...), Bake: test.bake}
				host := stagetest.NewHost(s)
				began := time.Now()
				err := s.Run(t.Context(), host.Task())
				assert.Equal(t, test.want, stage.OutcomeOf(err), "%v", err)
				assert.Equal(t, test.after, time.Since(began))
				if test.want == stage.Succeeded {
					verdicts := host.Verdicts()
					require.NotEmpty(t, verdicts, "a pass leaves evidence")
					assert.Equal(t, metricsgate.Pass, verdicts[len(verdicts)-1].Outcome)
					return
				}
				var said *stage.Error
				require.ErrorAs(t, err, &said)
				assert.NotEmpty(t, said.Evidence, "a failure carries its evidence")
			})
		})
	}
}

func TestTheSubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []metricsgate.Subject
		s := gate.Stage{
			Gate: script(&asked, metricsgate.Continue), Bake: 15 * time.Second, Patience: 10 * time.Second, Read: []stage.Ref{stage.Version.Ref()},
			Subject: func(t *stage.Task) (metricsgate.Subject, error) {
				v, err := stage.Version.Get(t)
				return metricsgate.Subject{Candidate: v}, err
			},
		}
		host := stagetest.NewHost(s, stagetest.Given(stage.Version, "1.1.0"))
		began := time.Now()
		require.Error(t, s.Run(t.Context(), host.Task()))
		require.Len(t, asked, 4)
		for i, at := range []time.Duration{0, 10 * time.Second, 15 * time.Second, 25 * time.Second} {
			assert.Equal(t, at, asked[i].Now.Sub(began))
			assert.Equal(t, "1.1.0", asked[i].Candidate)
			assert.Equal(t, "subject", asked[i].Step)
			assert.Equal(t, i >= 2, asked[i].End, "the last word is asked for from the end of the bake on")
		}
	})
}

// What a gate remembers from before the end of the bake is no pass, and one that is open-ended ends with it.
func TestTheLastWordIsAskedForAtTheEndOfTheBake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		burns := metricsgate.Func(func(_ context.Context, s metricsgate.Subject) (metricsgate.Verdict, error) {
			if s.Now.Sub(s.Since) >= time.Minute {
				return metricsgate.Verdict{Outcome: metricsgate.Fail, Reason: "all is on fire"}, nil
			}
			return metricsgate.Verdict{Outcome: metricsgate.Pass, Reason: "all is well"}, nil
		})
		s := gate.Stage{Gate: metricsgate.Schedule{Gate: burns, Interval: 10 * time.Minute}, Bake: 9 * time.Minute}
		began := time.Now()
		err := s.Run(t.Context(), stagetest.NewHost(s).Task())
		assert.Equal(t, stage.Failed, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "all is on fire")
		assert.Equal(t, 9*time.Minute, time.Since(began))

		endless := metricsgate.Func(func(_ context.Context, s metricsgate.Subject) (metricsgate.Verdict, error) {
			if s.End {
				return metricsgate.Verdict{Outcome: metricsgate.Pass, Reason: "it has held to the end"}, nil
			}
			return metricsgate.Verdict{Outcome: metricsgate.Continue, Reason: "it has no end of its own"}, nil
		})
		s = gate.Stage{Gate: endless, Bake: 10 * time.Minute, Patience: 20 * time.Minute}
		began = time.Now()
		require.NoError(t, s.Run(t.Context(), stagetest.NewHost(s).Task()))
		assert.Equal(t, 10*time.Minute, time.Since(began))
	})
}

func TestTheBakeCountsFromTheFirstAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gate.Stage{Gate: always(metricsgate.Pass), Bake: time.Hour}
		host := stagetest.NewHost(s)
		first, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
		defer cancel()
		require.Error(t, s.Run(first, host.Task()))
		began := time.Now()
		require.NoError(t, s.Run(t.Context(), host.Task()))
		assert.Equal(t, 20*time.Minute, time.Since(began))
	})
}

func TestAGateThatHangsEndsWithThePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := metricsgate.Func(func(ctx context.Context, _ metricsgate.Subject) (metricsgate.Verdict, error) {
			<-ctx.Done()
			return metricsgate.Verdict{Outcome: metricsgate.Pass}, ctx.Err()
		})
		s := gate.Stage{Gate: hangs, Patience: time.Minute}
		began := time.Now()
		err := s.Run(t.Context(), stagetest.NewHost(s).Task())
		assert.Equal(t, stage.Failed, stage.OutcomeOf(err))
		assert.Equal(t, time.Minute+gate.DefaultInterval, time.Since(began))
	})
}

func TestValidate(t *testing.T) {
	err := gate.Stage{Bake: -1, Patience: -1, Interval: -1, Read: []stage.Ref{stage.Version.Ref()}}.Validate()
	for _, want := range []string{"Gate.Gate", "Gate.Bake", "Gate.Patience", "Gate.Interval", "Gate.Read"} {
		assert.ErrorContains(t, err, want)
	}
	err = gate.Stage{Gate: metricsgate.ErrorRate{}}.Validate()
	assert.ErrorContains(t, err, "Gate.Gate: ")
	needs := gate.Stage{Gate: metricsgate.Schedule{Gate: metricsgate.ErrorRate{Source: nobody{}}}}
	assert.ErrorContains(t, needs.Validate(), "Gate.Subject: is missing: the stage has no candidate group")
	needs.Subject = func(*stage.Task) (metricsgate.Subject, error) { return metricsgate.Subject{Candidate: "1.1.0"}, nil }
	assert.NoError(t, needs.Validate())
}

// nobody is a source without data.
type nobody struct{}

func (nobody) Read(context.Context, metrics.Query) (metrics.Window, error) {
	return metrics.Window{}, metrics.ErrNoData
}

func TestTheGateIsTold(t *testing.T) {
	assert.Equal(t, []string{"smoke"}, stage.Gates(gate.Stage{Name: "smoke"}))
	assert.Equal(t, []string{""}, stage.Gates(gate.Stage{}), "it bears the name of the stage")
}

// A gate that watches nothing for a while says how things stand at the moment: no fork takes that over.
func TestAGateWithoutABakeJudgesTheMoment(t *testing.T) {
	assert.Equal(t, []stage.Trait{stage.Judges}, stage.Traits(gate.Stage{}))
	assert.Empty(t, stage.Traits(gate.Stage{Bake: time.Minute}))
}
