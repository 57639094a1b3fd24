package rollout

import (
	"context"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// Target is a place where revisions of one service run and get traffic.
//
// Both methods are called by one rollout at a time, never concurrently, about once a poll interval
// while the rollout moves and while it holds a state. With a context that is over they return an
// error and change nothing; when theirs ends under way (Options.CallTimeout, an abort) they return
// soon: nothing moves until they have, and one that does not is told in the log. A panic is an error.
type Target interface {
	// Observe tells what runs now and who gets which traffic, as read back from the world, not
	// as remembered from the last Apply. An answer that cannot be true (Observation.Validate) is
	// taken for an error.
	Observe(ctx context.Context) (Observation, error)

	// Apply brings the target nearer to the state: it does all that can be done right now and
	// returns without waiting for instances to become ready or to drain. It is level-triggered
	// and idempotent: it is called again with the same state until Observe shows it, also after
	// a crash, by a new process, from any state in between.
	//
	// Apply must keep the traffic contract: an instance gets requests only when it is available
	// (ready for the state's MinReady), and is stopped only when it can get none any more and
	// those that it had are answered. Pools that the state does not name are to be removed.
	//
	// An error, of Observe as well, is taken as passing: both are tried again until the step's deadline, unless it
	// is wrapped by Permanent.
	Apply(ctx context.Context, s strategy.State) error
}

// Observation is what a target runs.
type Observation struct {
	// Pools are all pools that have an instance, in a stable order.
	Pools []PoolStatus `json:"pools,omitempty"`
	// Traffic is who gets what, as read back. Pools without any are left out.
	Traffic []Traffic `json:"traffic,omitempty"`
	// Sticky says whether clients are kept with their group.
	Sticky bool `json:"sticky,omitempty"`
	// Grain is how finely the target splits traffic: shares that differ by less are the same to
	// it. Zero: to the millionth.
	Grain strategy.Share `json:"grain,omitzero"`
	// Meddled names, for people, who else has written what the target writes, where that is known. It is
	// part of what is told of a drift.
	Meddled string `json:"meddled,omitempty"`
}

// PoolStatus counts the instances of a pool.
type PoolStatus struct {
	Pool strategy.Pool `json:"pool"`
	// Running counts the instances that exist and are to stay: those that start, are ready, or are
	// not ready just now.
	Running int `json:"running"`
	// Draining counts those of them that get no new requests any more and still answer old ones, and
	// may count those that are Stopping too, for as long as they may do so. The target bounds how long
	// that may take; while it does, a step is not without progress.
	Draining int `json:"draining,omitempty"`
	// Stopping counts those that were told to end and have not ended yet.
	Stopping int `json:"stopping,omitempty"`
	// Ready counts those that answer their readiness probe now.
	Ready int `json:"ready"`
	// Available counts those that have been ready for the minimum time of the last applied state,
	// and may get requests.
	Available int `json:"available"`
	// Failures are instances that could not start, or died, since the target knows of the pool.
	// A target lists each failure once, under its own ID, and remembers it for minutes at least:
	// instances that go without a failure are taken for somebody else's doing.
	Failures []Failure `json:"failures,omitempty"`
	// Stuck says, for people, why the pool will not get there unless somebody mends something: an
	// image that cannot be pulled, a quota that is used up, no node with room. It is set only once the
	// target is sure that waiting does not help, and in the same words for as long as it is the same. On
	// the way forward a stuck pool of the new revision that lacks instances ends its step at once, with a
	// *StuckError. Otherwise (it is another revision's, or on the way back, or the state was reached
	// and is held) it is told, and part of the deadline's error.
	Stuck string `json:"stuck,omitempty"`
	// Seized says that Stuck tells of somebody else who has changed what the pool runs, so that its
	// instances are not its revision any more. On the way forward that ends a step, and a state that is
	// held, at once, whichever the pool.
	Seized bool `json:"seized,omitempty"`
	// Autoscaled is how many instances somebody else who decides about it, an autoscaler, wants of
	// the pool now. The pool then has its size when that many are available, and that it has more or
	// fewer than the state says is nobody's meddling; the plan's limits may be exceeded by it, as they
	// count what the states say. Of what a state wants none, none may stay all the same. Zero: the state
	// alone decides.
	Autoscaled int `json:"autoscaled,omitempty"`
}

// Failure is an instance that could not start or died.
type Failure struct {
	// ID tells the failed instance from all others, past ones included.
	ID string `json:"id"`
	// Reason says what happened, for people: "exit status 2 after 0.4s: listen: address in use".
	Reason string `json:"reason"`
}

// Traffic is what one pool gets.
type Traffic struct {
	Pool   strategy.Pool    `json:"pool"`
	Share  strategy.Share   `json:"share,omitzero"`
	Match  []strategy.Match `json:"match,omitempty"`
	Mirror strategy.Share   `json:"mirror,omitzero"`
}

// Fleet is the half of a target that runs instances. Compose makes a Target of it and a Router.
// Its methods are not called concurrently by one rollout. With a context that is over they return an
// error and change nothing.
type Fleet interface {
	// Instances lists all instances of the service, failed ones that the fleet still remembers
	// included. The order is stable while nothing changes.
	Instances(ctx context.Context) ([]Instance, error)

	// Scale makes the pool run n instances: failed ones do not count and are replaced. It returns
	// without waiting for them to start or to stop, and is idempotent. Where the pool must
	// shrink, the instances named in leaving go first, and no other goes before them; Compose
	// names exactly as many as must go, none of which gets requests any more. A number below zero
	// is an error.
	Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error
}

// Instance is one running copy of a revision.
type Instance struct {
	// ID is unique in the fleet, over time too.
	ID   string        `json:"id"`
	Pool strategy.Pool `json:"pool"`
	// Addr is where a router reaches the instance, as "host:port".
	Addr string `json:"addr"`
	// Phase is how far the instance is.
	Phase Phase `json:"phase"`
	// ReadySince is when the instance became ready and has stayed so; zero while it is not ready.
	ReadySince time.Time `json:"ready_since,omitzero"`
	// Reason says why the instance failed or is not ready, for people.
	Reason string `json:"reason,omitempty"`
}

// Phase is how far an instance is.
type Phase string

const (
	// Starting is an instance that has not been ready yet.
	Starting Phase = "starting"
	// Ready is an instance that answers its readiness probe.
	Ready Phase = "ready"
	// Unready is an instance that was ready and does not answer its probe now.
	Unready Phase = "unready"
	// Stopping is an instance that was told to end.
	Stopping Phase = "stopping"
	// Failed is an instance that could not start, or died by itself.
	Failed Phase = "failed"
)

// Router is the half of a target that splits traffic. Its methods are not called concurrently by
// one rollout. With a context that is over they return an error and change nothing.
type Router interface {
	// Route replaces the whole table. It may return before the change is in effect everywhere;
	// the rollout reads back until it is. A table that cannot be honoured is an error and changes
	// nothing: shares that do not add up, a role or a pool that is there twice, a route that has
	// traffic and no backend (Table.Validate), and whatever asks for an ability that the router lacks.
	// The table stays the caller's, and may be changed by it afterwards (Table.Clone).
	Route(ctx context.Context, t Table) error
	// Table reads back what is in effect, from the router itself.
	Table(ctx context.Context) (Table, error)
}

// Table is who gets which traffic.
type Table struct {
	// Routes are sorted by role: stable, baseline, candidate. The shares add up to 100 %, or to
	// none where the service shall be dark.
	Routes []Route `json:"routes,omitempty"`
	// Sticky keeps a client with the route that answered it first, as far as the shares allow.
	Sticky bool `json:"sticky,omitempty"`
}

// Route is what one pool gets.
type Route struct {
	Role strategy.Role `json:"role"`
	Traffic
	// Backends are the available instances that share the route's traffic evenly, sorted by ID.
	Backends []Backend `json:"backends"`
}

// Backend is one instance behind a route.
type Backend struct {
	ID   string `json:"id"`
	Addr string `json:"addr"`
}

// The optional abilities of a Router, or of a whole Target: a composed one has its router's. A plan that needs one which is lacking
// fails before anything moves. A wrapper that hides another router or target shows it by a method
// Unwrap() any, so that wrapping loses no ability.
type (
	// Matcher honours Traffic.Match.
	Matcher interface {
		// Matches reports whether the rule can be honoured as it stands.
		Matches(m strategy.Match) error
	}
	// Mirrorer honours Traffic.Mirror.
	Mirrorer interface {
		// Mirrors reports whether that share can be copied to a group.
		Mirrors(s strategy.Share) error
	}
	// Sticker honours Sticky.
	Sticker interface {
		// Sticks reports whether clients can be kept with their group.
		Sticks() error
	}
	// Drainer knows which requests are still under way.
	Drainer interface {
		// InFlight counts the requests that each of the instances still works on. An instance
		// that the router does not know has none.
		InFlight(ctx context.Context, ids []string) (map[string]int, error)
	}
	// Grainer splits traffic less finely than to the millionth. Shares are then compared as finely
	// as it says, and a plan with a smaller share than that is refused.
	Grainer interface {
		// Grain is the smallest share, for example 1 % or 1/256 of the traffic.
		Grain() strategy.Share
	}
	// Claimer serves one rollout at a time, and refuses a second one.
	Claimer interface {
		// Claim takes the target until release is called. The error is ErrBusy where it is taken.
		Claim() (release func(), err error)
	}
	// Fencer refuses whoever does not know yet that another host has taken over.
	Fencer interface {
		// Fence says on whose behalf the calls that follow on this value are made: whoever has the
		// highest token. It is called before the first Apply, with a token above zero, also after a
		// restart. The error is ErrFenced where a higher token was seen, by whichever process; the same
		// one again is no error. From then on Apply and Roll refuse with ErrFenced, and change nothing, once a
		// higher token than that has been seen, and so it does not move a target that another host has
		// taken over while this one slept.
		Fence(ctx context.Context, token uint64) error
	}
	// Roller replaces one revision by another by itself, instance by instance, as a Kubernetes
	// Deployment does: what a step that is Native needs. Where a wrapper has an Apply of its own, it
	// needs a Roll of its own too: that of what it wraps is found behind it.
	Roller interface {
		// Rolls reports whether such a step can be done within the limits.
		Rolls(l strategy.Limits) error
		// Roll is Apply for a Native step: it brings the target nearer to the state, in which there is
		// one pool, starting and stopping instances of that pool and of the one before it at once,
		// within the limits; others are removed. Instances that were told to end (Stopping) need not
		// count as existing. Like Apply it does not wait, is idempotent, and goes on from any state
		// in between, also from its own way to the other side; what runs meanwhile gets traffic by
		// its number, also where that was lost. The target may go on by itself after it has returned.
		Roll(ctx context.Context, s strategy.State, l strategy.Limits) error
	}
	// Fitter cannot be brought to every state, as one that runs a single group cannot hold two
	// revisions side by side. What Grain says need not be said once more.
	Fitter interface {
		// Fits reports whether Apply can bring the target to the state. It says why not, and asks
		// nobody: a plan is refused with it before anything moves.
		Fits(s strategy.State) error
	}
	// Verifier proves that a table is in effect beyond reading it back, for example by sending
	// requests through every listener.
	Verifier interface {
		Verify(ctx context.Context, t Table) error
	}
)
