package maturity_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/maturity"
)

// What an assessment by the model "delivery" costs, over releases alone and with the figures of DORA, with and without the ids behind these.
func BenchmarkAssess(b *testing.B) {
	for _, events := range []int{10_000, 100_000} {
		story := deliveries.New(events, 50, 1)
		history := new(dora.History)
		require.NoError(b, history.AddAll(story.Events()...))
		m, err := maturity.Named("delivery")
		require.NoError(b, err)
		in := maturity.Input{At: deliveries.From.Add(deliveries.Span)}
		for _, d := range story.Deployments {
			in.Releases = append(in.Releases, maturity.Release{ID: "r-" + d.ID, Service: d.Service, Whole: true, Began: d.Started, Steps: []maturity.Step{
				{ID: d.ID, Kind: maturity.KindDeploy, Environment: d.Environment, Means: maturity.Machine, Digest: "x", To: d.Time},
			}})
		}
		for _, is := range []struct {
			name    string
			history *dora.History
			ids     int
		}{{"releases", nil, 0}, {"figures", history, -1}, {"figures-and-ids", history, 0}} {
			in.History, in.MaxIDs = is.history, is.ids
			b.Run(fmt.Sprintf("%s/%d", is.name, events), func(b *testing.B) {
				for b.Loop() {
					_, err := maturity.Assess(m, in)
					require.NoError(b, err)
				}
			})
		}
	}
}
