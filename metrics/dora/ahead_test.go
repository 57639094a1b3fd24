package dora_test

import (
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
)

// Events that are added all at once are the same as one by one, in any order, as values and as pointers.
func TestAddAll(t *testing.T) {
	s := deliveries.New(5000, 5, 1)
	var want dora.History
	for _, e := range s.Events() {
		require.NoError(t, want.Add(e))
	}
	report, err := want.Report(dora.Rules{}, s.Query())
	require.NoError(t, err)
	values := func(events []dora.Event) []dora.Event {
		for i, e := range events {
			switch e := e.(type) {
			case *dora.Deployment:
				events[i] = *e
			case *dora.Change:
				events[i] = *e
			case *dora.Incident:
				events[i] = *e
			}
		}
		return events
	}
	for name, events := range map[string][]dora.Event{"in order": s.Events(), "shuffled": s.Shuffled(1), "values": values(s.Shuffled(2))} {
		var h dora.History
		require.NoError(t, h.AddAll(events[:100]...), name)
		require.NoError(t, h.AddAll(events[100:]...), name)
		require.NoError(t, h.AddAll(), name)
		got, err := h.Report(dora.Rules{}, s.Query())
		require.NoError(t, err)
		assert.Equal(t, report, got, name)
	}
}

// What cannot be taken is told with its index, and all else is taken.
func TestAddAllErrors(t *testing.T) {
	at := time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)
	var events []dora.Event
	for range 70 {
		events = append(events, &dora.Change{ID: "c", Time: at})
	}
	events = append(events, nil, (*dora.Deployment)(nil), dora.Deployment{ID: "d1", Time: at, Changes: []string{""}}, dora.Deployment{ID: "d2", Time: at, Changes: []string{"c"}})
	var h dora.History
	err := h.AddAll(events...)
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
	require.Len(t, all.Errors, 3)
	assert.ErrorContains(t, all.Errors[0], "event 70: no event")
	assert.ErrorContains(t, all.Errors[1], "event 71: no event")
	assert.ErrorContains(t, all.Errors[2], "event 72: ")
	assert.ErrorContains(t, all.Errors[2], "changes[0]")
	assert.Equal(t, 71, h.Len())
}
