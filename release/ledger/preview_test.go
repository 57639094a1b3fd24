package ledger_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// took is how long a stage took.
type took struct {
	stage string
	took  time.Duration
}

// past is the history of releases in which these stages ran one after the other.
func past(t *testing.T, p ledger.Pipeline, releases ...[]took) *ledger.History {
	h := new(ledger.History)
	for _, stages := range releases {
		now := epoch
		events := []ledger.Event{{Seq: 1, Time: now, Body: ledger.Requested{Release: stage.Release{ID: "r", Service: "shop"}, Pipeline: p}}}
		add := func(name string, b ledger.Body) {
			events = append(events, ledger.Event{Seq: uint64(len(events)) + 1, Time: now, Stage: name, Attempt: 1, Body: b})
		}
		for _, s := range stages {
			add(s.stage, ledger.Began{})
			now = now.Add(s.took)
			add(s.stage, ledger.Ended{Outcome: stage.Succeeded})
		}
		require.NoError(t, h.Add(sequence(events)))
	}
	return h
}

func delivery() ledger.Pipeline {
	version, regions := stage.Version.Ref(), stage.NewKey[[]string]("regions").Ref()
	return ledger.Pipeline{
		Name: "shop", Inputs: []stage.Ref{regions},
		Stages: []ledger.Stage{
			{Name: "version", Effect: stage.Pure, Writes: []stage.Ref{version}},
			{Name: "build", Needs: []string{"version"}, Reads: []stage.Ref{version}, Writes: []stage.Ref{stage.Built.Ref(), stage.NewKey[[]string]("hosts").Ref()},
				Retry: ledger.Retry{Attempts: 3}, Timeout: 90 * time.Minute},
			{Name: "scan", Needs: []string{"version"}, OnFailure: ledger.GoOn, Secrets: []string{"scanner"}},
			{Name: "staging", Needs: []string{"build"}, Environment: "staging", CanUndo: true, Gates: []string{""}, AttemptTimeout: 10 * time.Minute},
			{Name: "approve", Needs: []string{"staging", "scan"}, Listens: []stage.SignalKind{stage.Approve, stage.Reject}},
			{Name: "deploy", Needs: []string{"approve"}, Environment: "production", CanUndo: true, OnFailure: ledger.Undo,
				Each: &ledger.Each{Key: regions, Parallel: 1}, Gates: []string{"errors", "latency"}},
			{Name: "migrate", Needs: []string{"deploy"}, Irreversible: true, Effect: stage.AtMostOnce, OnFailure: ledger.Freeze},
			{Name: "restart", Needs: []string{"migrate"}, Each: &ledger.Each{Key: stage.NewKey[[]string]("hosts").Ref()}, OnFailure: ledger.Undo},
			{Name: "lament", Needs: []string{"scan"}, When: []ledger.Condition{{Stage: "scan", Is: []stage.Outcome{stage.Failed}}}},
			{Name: "tell", Needs: []string{"restart"}, Always: true},
		},
	}
}

func deliver(p ledger.Pipeline) []ledger.Event {
	return []ledger.Event{{Seq: 1, Time: epoch, Body: ledger.Requested{
		Release: stage.Release{ID: "shop-9", Service: "shop", RequestedBy: "ada", RequestedAt: epoch}, Pipeline: p,
		Inputs: map[string]json.RawMessage{"regions": json.RawMessage(`["eu","us"]`)},
	}}}
}

func TestPreviewGolden(t *testing.T) {
	p := delivery()
	h := past(t, p,
		[]took{{"version", 2 * time.Second}, {"build", 4 * time.Minute}, {"staging", time.Minute}},
		[]took{{"version", 1 * time.Second}, {"build", 5 * time.Minute}, {"staging", time.Minute}, {"scan", 7 * time.Minute}},
		[]took{{"version", 3 * time.Second}, {"build", 6 * time.Minute}, {"staging", 2 * time.Minute}, {"scan", 9 * time.Minute}, {"approve", time.Millisecond}},
	)
	preview, err := ledger.NewPreview(deliver(p), h)
	require.NoError(t, err)
	preview.Missing = []string{"stage scan: secret scanner: there is none"}
	golden(t, "testdata/preview.golden", preview.String())
	text, err := json.MarshalIndent(preview, "", "\t")
	require.NoError(t, err)
	golden(t, "testdata/preview.json", string(text)+"\n")
	again, err := ledger.NewPreview(deliver(p), h)
	require.NoError(t, err)
	again.Missing = preview.Missing
	assert.Equal(t, preview, again)
}
