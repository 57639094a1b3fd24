package notify_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
)

// A rule for an environment hears of the approval that stands before it, and that escalates by it; what is for another environment alone it does not hear.
func TestWhatStandsBeforeAnEnvironmentIsInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		begin(t, notify.Options{
			Store: store, Channels: map[string]notify.Channel{"room": ch}, Groups: []notify.Group{
				{Name: "team", Recipients: []notify.Recipient{{Name: "production", Channel: "room"}}},
				{Name: "test", Recipients: []notify.Recipient{{Name: "staging", Channel: "room"}}},
				{Name: "next", Recipients: []notify.Recipient{{Name: "grace", Channel: "room"}}},
			},
			Rules: []notify.Rule{
				{Name: "production", Kinds: []string{"approval.asked", "stage.began"}, Environments: []string{"production"}, To: []string{"team"}, Escalate: &notify.Escalation{After: time.Hour, To: []string{"next"}}},
				{Name: "staging", Kinds: []string{"approval.asked", "stage.began"}, Environments: []string{"staging"}, To: []string{"test"}},
			},
		})
		synctest.Wait()
		do := stage.Func(func(context.Context, *stage.Task) error { return nil })
		launch(t, store, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "build", Do: do},
			{Name: "staging", Do: do, Environment: "staging", Needs: []string{"build"}},
			{Name: "ask", Do: approval.Stage{}, Needs: []string{"staging"}},
			{Name: "window", Do: do, Needs: []string{"ask"}},
			{Name: "production", Do: do, Environment: "production", Needs: []string{"window"}},
			{Name: "docs", Do: do},
		}}, "shop-1")
		time.Sleep(90 * time.Minute)
		assert.ElementsMatch(t, []string{
			"production: shop (shop-1), build begins", "staging: shop (shop-1), build begins",
			"production: shop (shop-1), docs begins", "staging: shop (shop-1), docs begins",
			"staging: shop (shop-1), staging begins",
			"production: shop (shop-1), ask begins",
			"production: shop (shop-1), ask needs an answer: approve ask? 0 of 1 approvals",
			"grace: shop (shop-1), ask still needs an answer: approve ask? 0 of 1 approvals",
		}, ch.lines())
	})
}
