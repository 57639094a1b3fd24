// Package kubernetes (SHELL) is a rollout.Target over the Deployments of one service in one namespace, and
// over what leads traffic to them: an HTTPRoute, a Service's selector, or one Deployment that rolls by itself.
//
// Hosts that release to Kubernetes import it. The smallest program:
//
//	clients, err := kubernetes.Connect(config) // as clientcmd or rest.InClusterConfig give it
//	target, err := kubernetes.Open(ctx, clients, kubernetes.Options{
//		Name: "shop", Namespace: "shop", Traffic: kubernetes.Gateway{},
//		Manifest: deploymentYAML, Repository: "registry.example.com/shop",
//	})
//	defer target.Close()
//	from, err := rollout.Current(ctx, target)
//	plan, err := strategy.Canary{}.Plan(from, strategy.Revision{Version: "1.5.0", Digest: "sha256:…"})
//	r, err := rollout.New(target, plan, rollout.Options{})
//	result, err := r.Run(ctx)
//
// README.md beside this file says what is needed, which rights, and what can go wrong.
//
// # Slots
//
// A pool lives in a slot, which is a Deployment: NAME-a or NAME-b, in turns, and NAME-baseline while a state
// has a baseline. A pool keeps its slot for life, so that a promoted candidate is not restarted; an empty slot
// is free for the next one. Labels and annotations say which pool is where, and since when a slot is idle: a new
// process needs nothing else. An empty slot keeps its Deployment, with no replicas, and its Service; nothing is
// ever deleted.
//
// With Native there is one Deployment, and a plan of the strategy Native lets it replace its own pods.
//
// # Writes
//
// A slot's manifest is applied server-side when a pool moves in, and stays as it is while the pool lives there.
// Everything else (replicas, routes, selectors, marks) is a patch of just these fields. Each write carries the
// version of the object that it is based on, so that nobody's change is painted over unseen, and a host that
// was taken over writes nothing.
//
// # Time
//
// No two clocks are compared. What has to last has lasted once this process has seen it do so for that long.
//
// # Reads
//
// Watches tell what runs; what this process wrote is never read back older than it was written. While a watch
// is broken, or the API server is silent, Observe and Apply are errors.
//
// # Errors
//
// *RightsError names a missing right, *ConflictError the managers that own fields, *LeftoverError what a Deployment
// that was taken over has and the manifest lacks; they, and whatever else the API server refuses for good, are marked by
// rollout.Permanent. Options.Validate reports all problems at once.
//
// # Concurrency
//
// A Target serves one rollout at a time (Claim); Observe may be called beside it. Targets of different services,
// and of different namespaces, do not touch each other, even where they share an HTTPRoute.
//
// # Why it is odd where it is
//
// Two Deployments with turns, not "stable" and "candidate": a promotion by name would restart every pod that
// has just proved itself. Replicas are patched and not applied, because a field that is applied once must be
// applied for ever, and an autoscaler wants it. A new Deployment is made without pods: a create is the one write
// that can be based on no version, so that it must do no harm. The rules of an HTTPRoute are one field to the
// API server: they are patched as a whole, as read, under the version that was read.
package kubernetes
