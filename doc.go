// Package davit is the tour of Davit, a library for embedding release pipelines. It holds no code: import
// the packages that you need.
//
// A davit is the crane that lowers a boat to the water, and hoists it back when the sea is rough. Davit does
// that with releases. A host program wires stages, strategies, gates and metrics together in code, and Davit
// carries a version from commits to production, watches it there, and takes it back when it does harm.
//
// # Five ideas
//
// A strategy is a value: a pure function to a list of desired states. Package strategy answers by which
// states one walks from what runs now to what shall run. A plan can be printed, approved, costed and proved
// safe before anything moves, and it is the very data that is executed.
//
// A release is the fold of its events. Package release writes down what happens, and decides from that alone
// what comes next; displays, reviews and reports read the same events.
//
// Everything resumes. What is not recorded did not happen: package release records the begin of a stage before
// it runs, and its end together with what follows, so that the next host goes on from there, whenever the last
// one died. Each stage says what it means to run it again, and can be handed its last checkpoint; desired states
// are idempotent, and package strategy/rollout has a checkpoint at each step. What cannot be run again waits
// for a person, and what did harm is undone in reverse, as far as it can be.
//
// Fail closed, and say why. A metric that cannot be read, a gate that errors, too little data: none of
// these is a pass. Each verdict carries its evidence.
//
// Small interfaces, optional abilities, conformance kits. A stage is one method, a target two. More is
// offered by further one-method interfaces, and asked for when things are wired. The kits stage/stagetest,
// strategy/strategytest, release/releasetest, release/notify/notifytest, metrics/metricstest and
// metrics/gate/gatetest prove an implementation right.
//
// # Three bands
//
// The first line of each package's comment tells whether its code can touch the world. PURE packages
// (changelog, metrics, metrics/gate, metrics/dora, strategy, release/ledger, release/calendar, release/plan)
// take data and give data: no clock, no goroutine, no I/O. CONTRACT packages (stage) are what authors implement. SHELL packages (release,
// release/journal, release/sqlstore, strategy/rollout, strategy/local, the ready-made stages in stage/…) are
// the only code that touches the world. Imports go from shell to contract to pure, and a test in internal/house holds this; the one exception
// that it grants is release/ledger, which is pure and shares the plain types of stage.
//
// # Where to begin
//
// To see it happen: go run ./examples/quickstart. To see hosts die, and releases live: go run
// ./examples/durable. To see a recorded canary judged: go run ./examples/judge.
//
// To release a service with a pipeline: package release, whose Example is the smallest one, and the stages in
// stage/version, stage/command, stage/approval, stage/gate and stage/deploy.
//
// To have releases outlive their host: package release/journal, which keeps them in a folder, or
// release/sqlstore, which keeps them in PostgreSQL or SQLite for many hosts. Package release tells what a host
// does at its start and at its end, what is run again and what is not, and who carries a release. To keep them
// anywhere else: the three methods of release.Store, and release/releasetest to prove them.
//
// To roll something out and nothing else: package strategy for the plan, package strategy/rollout to walk it,
// and a Target, or a Fleet and a Router, of your own. Package strategy/local has both for processes on one
// machine, package strategy/haproxy a router, and the module strategy/kubernetes a target. Several regions get
// a revision in waves: strategy.Waves and rollout.NewWaves, or the stage stage/waves.
//
// To find the next version of a repository and nothing else: package changelog, with changelog/git to read
// one, changelog/document for a changelog file, and changelog/apply to tag and publish.
//
// To know how delivery is going: package metrics/dora, fed by package release/delivery from the events of releases, by
// release/delivery/tags from a git repository, or by metrics/dora/importer; metrics/dora/report shows it. How
// mature it is: package metrics/maturity.
//
// To let releases run in certain hours alone: package release/calendar, with the stage stage/window. To know how
// long they take: release/pace. To plan them with the people around them: release/plan; to let several leave
// together: release/train; to hold all pipelines of a company to the same rules: release/policy.
//
// To tell people: package release/notify, and release/board for a page of what is going on.
//
// To say when a release may go on: package metrics/gate, whose gates are asked by rollouts, by stages, and as
// the criteria of a release.
//
// To write a stage: package stage and one method. To write a target: the ports in package strategy/rollout,
// and strategytest to prove it.
package davit
