// Package exporter (SHELL) shows Prometheus what releases, rollouts and deliveries do: a Collector is fed with
// the events of releases, of rollouts, or of both, and a host registers it beside its other metrics.
//
//	c, err := exporter.New(exporter.Options{})
//	...
//	if err := c.Replay(ctx, store); err != nil { // what happened before this process
//		return err
//	}
//	registry.MustRegister(c)
//	go c.Follow(ctx, runner, "shop-2026-11-22-1") // each release that the runner carries
//
// # Fed by what
//
// A host with the engine of package release feeds events of releases alone: Follow, or Observe for each event. What
// their rollouts do is among them, as package stage/deploy records it. A host without the engine gives Rollout to
// rollout.Options.Notify. Who does both for one rollout counts it twice.
//
// # After a restart
//
// Replay feeds all that is in the store. It must be over before the collector is registered: so the counters of the
// new process begin where those of the old one ended, and Prometheus sees neither a reset nor a jump. Each event
// counts once, however often it is fed: Replay and Follow may overlap. Where several hosts share a store and each
// of them exports, they all show the same: take the max over instances, not the sum. What Rollout was told is
// nowhere to be replayed from, and begins at zero.
//
// # Labels
//
// Labels are the service, the pipeline, the stage, the environment, the gate, and words of this package. A version,
// an ID, a person or a text is never one. A label of which there have been more than Options.MaxValues values is
// "other" from then on, so that no request can make the number of series grow without a bound. A stage that was
// made for an item has the name of the stage that it was made of. Each region of a rollout in waves is an environment
// of its own, "production/eu"; deployments are counted for the whole.
//
// # Metrics
//
// All names begin with Options.Namespace; durations are in seconds. See README.md for the list, and rules.yml for
// recording rules and alerts.
//
// # Memory
//
// Of each release that was ever fed, how far is kept for as long as the collector lives, a few hundred bytes, so that no
// event counts twice.
//
// # Concurrency
//
// All methods may be called by any number of goroutines at once. Events of one release must come in their order.
package exporter
