package strategytest

import (
	"errors"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// A harness that cannot prove anything is told as that, and not as the fault of what is proved.
func TestIncompleteHarness(t *testing.T) {
	backends := func(strategy.Pool, int) ([]rollout.Backend, error) { return nil, errors.New("no port is free") }
	two := [2]strategy.Revision{oldRevision, newRevision}
	for want, err := range map[string]error{
		"the harness of the router: Router is nil":                         checkRouter(t, RouterHarness{}),
		"the harness of the router: Backends is nil":                       checkRouter(t, RouterHarness{Router: (&World{}).Router()}),
		"the harness of the router: Requests: 9 are too few":               checkRouter(t, RouterHarness{Router: (&World{}).Router(), Backends: backends, Requests: 9}),
		`router law "reads": the harness gave no 2 backends: no port`:      checkRouter(t, RouterHarness{Router: (&World{}).Router(), Backends: backends}),
		"the harness of the target: Target is nil":                         checkTarget(t, TargetHarness{}),
		"the harness of the target: Revisions: two different ones":         checkTarget(t, TargetHarness{Target: (&World{}).Target()}),
		"the harness of the target: Replicas: 1 are too few, 2 are":        checkTarget(t, TargetHarness{Target: (&World{}).Target(), Revisions: two, Replicas: 1}),
		"the harness of the strategy: the strategy is nil":                 CheckStrategy(nil),
		"open the harness of the target: the cluster cannot be reached":    openTarget(t, errors.New("the cluster cannot be reached")),
		"the harness of the fleet: Pools: two different ones are needed, ": checkFleet(t, FleetHarness{Fleet: (&World{}).Fleet()}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func checkFleet(t *testing.T, h FleetHarness) error {
	return CheckFleet(t.Context(), func() (FleetHarness, error) { return h, nil })
}

func checkRouter(t *testing.T, h RouterHarness) error {
	return CheckRouter(t.Context(), func() (RouterHarness, error) { return h, nil })
}

func checkTarget(t *testing.T, h TargetHarness) error {
	return CheckTarget(t.Context(), func() (TargetHarness, error) { return h, nil })
}

func openTarget(t *testing.T, err error) error {
	return CheckTarget(t.Context(), func() (TargetHarness, error) { return TargetHarness{}, err })
}

func TestViolationTellsAll(t *testing.T) {
	cause := errors.New("b was stopped although a was named")
	v := &Violation{Kit: "fleet", Law: "leaving", Err: cause}
	if got := v.Error(); got != `fleet law "leaving": b was stopped although a was named` {
		t.Error(got)
	}
	if !errors.Is(v, cause) {
		t.Error("the cause is lost")
	}
}
