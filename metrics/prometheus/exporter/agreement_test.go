package exporter_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/prometheus/exporter"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/stage"
)

// What release/delivery tells of the same releases leads to the same counts, and to the same ratio of change failures.
func TestDeliveryAgrees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t)
		defer p.runner.Stop(context.Background())
		run := func(id string) {
			p.begin(id)
			p.approve(id)
			p.wait(id)
		}
		begun := time.Now()
		run("r1")
		p.verdict.Outcome = gate.Fail
		run("r2")
		p.verdict.Outcome, p.broken = gate.Pass, errors.New("the orders do not add up")
		run("r3")
		p.broken = nil
		run("r4")
		require.Equal(t, stage.Succeeded, p.wait("r4").Outcome)

		c := newCollector(t, exporter.Options{})
		require.NoError(t, c.Replay(t.Context(), p.store))
		labels := func(outcome string) string {
			return `{environment="production",outcome="` + outcome + `",` + shop + `}`
		}
		shown(t, c, map[string]string{
			"deployments_total" + labels("succeeded"): "3", "deployments_total" + labels("failed"): "1", "deployments_total" + labels("undone"): "1",
		})

		events, err := delivery.New(delivery.Options{}).Read(t.Context(), p.store)
		require.NoError(t, err)
		var h dora.History
		for _, e := range events {
			require.NoError(t, h.Add(e))
		}
		report, err := h.Report(dora.Rules{Rollbacks: dora.RollbacksApart}, dora.Query{From: begun, To: time.Now()})
		require.NoError(t, err)
		assert.Equal(t, 3+1, report.DeploymentFrequency.N)
		assert.Equal(t, [2]int{1 + 1, 3 + 1}, [2]int{report.ChangeFailureRate.K, report.ChangeFailureRate.N})
	})
}
