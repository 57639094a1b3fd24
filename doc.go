// Package davit is the tour of Davit, a library for embedding release pipelines. It holds no code: import
// the packages that you need.
//
// A davit is the crane that lowers a boat to the water, and hoists it back when the sea is rough. Davit does
// that with releases. A host program wires stages, strategies, gates and metrics together in code, and Davit
// carries a version from commits to production, watches it there, and takes it back when it does harm.
//
// # What happens first, next, last
//
//	before          changelog               which version comes next, what users have to know
//	                release/plan            what people agree on: scope, time, risks, who is asked
//	                release/policy          what each pipeline of a company must have
//	                release/calendar, train when it may run, and what leaves together
//	                release/pace            how long it will take
//	                strategy                by which states the rollout will go: printed, proved, approved
//	                strategy/rehearse       what the rollout would find of harm, and at what cost
//	the release     release                 checks the pipeline as a whole, and carries it: Runner
//	                release/ledger          what was recorded, folded to a state; what comes next
//	                release/journal         where that is kept (or release/sqlstore, or a store of yours)
//	its stages      stage/window            waits until the calendar is open
//	                stage/version           asks changelog
//	                stage/command           builds, tests
//	                stage/approval          asks people
//	                stage/deploy, waves     walk a plan of strategy, by strategy/rollout, on a target
//	                stage/gate              asks a gate of metrics/gate or metrics/judge
//	meanwhile       release/notify, board   tell people, and show who is waited for
//	when it fails   release, strategy       undo by stages that can, and a way back within the same limits
//	after           Runner.Review           what a release was, from its events
//	                release/delivery        what it means for metrics/dora and metrics/maturity
//
// Each of these can be used without what stands above or below it, but for what it imports.
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
// offered by further one-method interfaces, and asked for when things are wired.
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
// To see it happen: go run ./examples/first, the program of README.md, and ./examples/quickstart. To see hosts die,
// and releases live: go run ./examples/durable. To see a recorded canary judged: go run ./examples/judge.
//
// To release a service with a pipeline: package release, whose Example is a small one, and the stages in
// stage/version, stage/command, stage/approval, stage/gate and stage/deploy.
//
// To have releases outlive their host: package release/journal, which keeps them in a folder, or
// release/sqlstore, which keeps them in PostgreSQL or SQLite for many hosts. Package release tells what a host
// does at its start and at its end, what is run again and what is not, and who carries a release.
//
// To roll something out and nothing else: examples/canary, which is one file; package strategy for the plan, package strategy/rollout to walk it,
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
// # What you write yourself
//
// Each interface that others implement has a kit of laws, which is run in a test with one call. Its package comment
// lists the laws; each failure says which one is broken and why, and laws that could not be tried are named.
//
//	stage.Stage                           Run                       stagetest.Run
//	strategy.Strategy                     Plan                      strategytest.RunStrategy
//	rollout.Target                        Observe, Apply            strategytest.RunTarget
//	rollout.Fleet, rollout.Router         two each                  strategytest.RunFleet, RunRouter
//	gate.Gate                             Check                     gatetest.Run
//	metrics.Source, metrics.SeriesSource  Read; Series              metricstest.Run, RunSeries
//	release.Store                         Append, Events, Releases  releasetest.Run, Suite.Run
//	notify.Channel                        Send                      notifytest.Suite.Run
//
// Further abilities are interfaces of one or two methods beside these: stage.Undoer, release.Leaser, rollout.Mirrorer and
// so on. Whoever needs one looks for it when things are wired, and refuses what lacks it before anything moves. A misspelt
// method is found by the compiler where the type is asserted to be what it is meant to be: var _ stage.Undoer = Mine{}.
// Who wraps a stage or a gate in another one gives it a method Unwrap, and nothing is lost.
//
// What belongs into this repository is held to its rules by the tests of internal/house, which name each rule that is broken,
// and .ci/run does all that is promised here. A nested module takes whatever needs more than the five dependencies of this one.
//
// # Words that mean several things
//
//	plan     strategy.Plan: the states that a rollout walks. changelog.Plan: which versions come next, and why.
//	         plan.Plan: what people agree on. The plan of a release: its pipeline, as its first event has it
//	policy   release.Policy: what becomes of a release when a stage ends badly. gate.Policy: what follows from no data.
//	         changelog.Policy: how commits make versions. policy.Policy: what pipelines of a company must have
//	stage    stage.Stage: a unit of work. release.Stage: its place in a pipeline, with its needs and limits
//	gate     gate.Gate in metrics/gate: what judges evidence. gate.Stage in stage/gate: the stage that asks one
//	window   calendar.Window: hours. metrics.Window: what was measured in a stretch of time
//	group    stable, baseline or candidate in strategy and metrics; people who are asked or told in approval and notify
//	final    stage.Error.Final, rollout.Permanent and notify.Permanent: to try the same again would not help
//	journal  release/journal: events of releases. apply.Journal: what is half done of a version that is published
//	Check    of a gate or a kit: to ask. Of a pipeline or a plan: to hold the whole against what it needs.
//	         Validate reports what is wrong with one value, all of it at once, by the names of its fields
//
// A host is a program that carries releases. A signal is what a person says to a release, and nothing of the operating system.
//
// # What will not change
//
// No version is tagged yet. At v0, a minor version may change the Go API, and a patch version does not; the exported API is a list in
// internal/house/testdata/api.txt. What was recorded is kept: a later version reads the folders of release/journal and the
// tables of release/sqlstore that an earlier one has written, and goes on with releases that it has begun (release/journal/testdata
// has folders of earlier versions, and a test goes on with them). The JSON of events
// and plans gets new fields and types, and none changes its meaning. What a newer version has written, an older one
// refuses (journal.ErrVersion, sqlstore.ErrNewer, ledger.ErrBroken): so update all hosts on a store before one uses what is
// new. Texts for people may change at any time: act on errors by errors.Is and errors.As, and read JSON.
package davit
