//go:build unix

package local_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/local"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// A fleet runs two instances of a revision. The program here is this test itself, which serves
// when it is told to listen; a host would choose the binary by the pool's revision.
func ExampleNewFleet() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "fleet")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fleet, err := local.NewFleet(local.FleetOptions{
		Dir:     dir,
		Service: "shop",
		Command: func(_ strategy.Pool, inst local.InstanceSpec) (local.Command, error) {
			return local.Command{Path: os.Args[0], Args: []string{"-listen", inst.Addr}}, nil
		},
		Probe: local.Probe{Path: "/healthz"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() {
		if err := fleet.StopAll(ctx); err != nil {
			fmt.Println(err)
		}
		fmt.Println("after the end:", fleet.Processes()[0].Phase)
	}()

	pool := strategy.Pool{Revision: strategy.Revision{Version: "1.4.0"}}
	if err := fleet.Scale(ctx, pool, 2); err != nil {
		fmt.Println(err)
		return
	}
	for ready := 0; ready < 2; time.Sleep(10 * time.Millisecond) {
		list, err := fleet.Instances(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		ready = 0
		for _, i := range list {
			if i.Phase == rollout.Ready {
				ready++
			}
		}
	}
	fmt.Println("two instances of", pool, "are ready")
	// Output:
	// two instances of 1.4.0 are ready
	// after the end: stopped
}
