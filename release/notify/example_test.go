package notify_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
)

// A room is told how each release begins and ends, and whoever is on call of what is urgent.
func Example() {
	done := make(chan struct{})
	chat := notify.Func(func(ctx context.Context, m notify.Message) error {
		fmt.Printf("to %s: %s\n", m.To, m.Subject)
		if m.Kind == notify.ReleaseSucceeded {
			close(done)
		}
		return nil
	})
	store := new(release.MemoryStore)
	n, err := notify.New(notify.Options{
		Store:    store,
		Channels: map[string]notify.Channel{"chat": chat},
		Groups: []notify.Group{
			{Name: "team", Recipients: []notify.Recipient{{Name: "#shop", Channel: "chat"}}},
			{Name: "on-call", Recipients: []notify.Recipient{{Name: "@grace", Channel: "chat", Zone: "Europe/Berlin", WakeForUrgent: true}}},
		},
		Rules: []notify.Rule{
			{Name: "ends", Kinds: []string{"release.*"}, To: []string{"team"}},
			{Name: "urgent", AtLeast: notify.Urgent, To: []string{"on-call"}},
		},
		Since: time.Unix(0, 0), // also what was recorded before
		Poll:  10 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error)
	go func() { ended <- n.Run(ctx) }()

	runner := release.NewRunner(release.Config{Store: store})
	build := stage.Func(func(context.Context, *stage.Task) error { return nil })
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "build", Do: build}}}
	if _, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"}); err != nil {
		fmt.Println(err)
		return
	}
	<-done
	cancel()
	fmt.Println(<-ended)
	// Output:
	// to #shop: shop (shop-1) begins, asked for by ada
	// to #shop: shop (shop-1) is released
	// <nil>
}
