package dora_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Who tells how an incident ended need not repeat what caused it.
func TestIncidentCompleted(t *testing.T) {
	d := dora.Deployment{ID: "d1", Service: "shop", Time: at(t, "3T10:00")}
	e := dora.Deployment{ID: "d2", Service: "shop", Time: at(t, "3T10:30")}
	opened := dora.Incident{ID: "i1", Service: "shop", Opened: at(t, "3T11:00"), CausedBy: []string{"d1"}}
	ended := dora.Incident{ID: "i1", Opened: at(t, "3T11:00"), Resolved: at(t, "3T12:00")}
	wrong := dora.Incident{ID: "i1", Opened: at(t, "3T11:00"), CausedBy: []string{"d2"}, Resolved: at(t, "3T11:30")}
	for _, tt := range []struct {
		name   string
		events []dora.Event
		want   string
	}{
		{"completed", []dora.Event{opened, ended}, "unattributed 0; change_failure_rate.k 1; failed_deployment_recovery.p50min 120; services.0.mttr.n 1; anomalies.0.code -"},
		{"told again", []dora.Event{opened, ended, ended}, "unattributed 0; anomalies.0.code repeated; anomalies.1.code -"},
		{"another cause", []dora.Event{opened, wrong}, "unattributed 0; failed_deployment_recovery.p50min 60; anomalies.0.code conflict; anomalies.0.count 1"},
		{"another cause, and then the end", []dora.Event{opened, wrong, ended}, "unattributed 0; change_failure_rate.k 1; failed_deployment_recovery.p50min 90; anomalies.0.code conflict; anomalies.0.count 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			events := append([]dora.Event{d, e}, tt.events...)
			want, err := history(t, events).Report(dora.Rules{}, days(1))
			require.NoError(t, err)
			expect(t, want, tt.want)
			for range 10 {
				mixed := slices.Clone(events)
				r.Shuffle(len(mixed), func(i, k int) { mixed[i], mixed[k] = mixed[k], mixed[i] })
				got, err := history(t, mixed).Report(dora.Rules{}, days(1))
				require.NoError(t, err)
				assert.Equal(t, want, got)
			}
		})
	}
}
