package release_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// icy is the way of a host to a store that it shares. Where freeze says so of a write, the host is stopped
// as soon as that is done, as by SIGSTOP, until thaw.
type icy struct {
	*release.MemoryStore
	freeze func(events []ledger.Event) bool
	frozen chan struct{}
	thaw   chan struct{}
}

func (i *icy) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	err := i.MemoryStore.Append(ctx, id, expected, events...)
	if i.freeze(events) {
		close(i.frozen)
		<-i.thaw
	}
	return err
}

func (i *icy) Lease(ctx context.Context, host string, d time.Duration) error {
	select {
	case <-i.frozen:
		<-i.thaw
	default:
	}
	return i.MemoryStore.Lease(ctx, host, d)
}

// A host that was stopped in a write, for longer than its lease, begins nothing upon it when it wakes, nor
// does a stage go on after its checkpoint: another host has the release by then.
func TestAHostThatSleepsInAWriteBeginsNothing(t *testing.T) {
	for name, at := range map[string]func(events []ledger.Event) bool{
		"before a stage begins": func(events []ledger.Event) bool {
			last := events[len(events)-1]
			_, began := last.Body.(ledger.Began)
			return began && last.Stage == "charge"
		},
		"in its checkpoint": func(events []ledger.Event) bool {
			_, saved := events[0].Body.(ledger.Saved)
			return saved
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, d := new(release.MemoryStore), new(deeds)
				charge := func(who string) release.Pipeline {
					return release.Pipeline{Name: "shop", Stages: []release.Stage{
						{Name: "a", Do: nothing},
						{Name: "charge", Needs: []string{"a"}, Do: once{do(func(ctx context.Context, task *stage.Task) error {
							if err := task.Checkpoint(ctx, 1); err != nil {
								return err
							}
							d.add(who)
							return nil
						})}},
					}}
				}
				way := &icy{store, at, make(chan struct{}), make(chan struct{})}
				sleeper := release.NewRunner(release.Config{Store: way})
				go sleeper.Begin(context.Background(), charge("sleeper"), request("r1"))
				<-way.frozen
				other := release.NewRunner(release.Config{Store: store})
				_, err := other.TakeUp(t.Context(), charge("other"))
				require.NoError(t, err)
				time.Sleep(2 * release.DefaultLease)
				require.NoError(t, other.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Retry, Stage: "charge", By: "grace"}))
				synctest.Wait()
				close(way.thaw)
				time.Sleep(release.DefaultLease)
				assert.Equal(t, []string{"other"}, d.list)
				state, err := other.State(t.Context(), "r1")
				require.NoError(t, err)
				assert.Equal(t, stage.Succeeded, state.Outcome)
				require.NoError(t, sleeper.Close())
				require.NoError(t, other.Close())
			})
		})
	}
}
