package release

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Pipeline is the way that releases of a service take: named stages, and which needs which. It is a
// value that is never changed by running it. A host that takes releases up finds the stages in it by their
// names; all else about a release that has begun is in its events.
type Pipeline struct {
	// Name names the pipeline: lower-case letters, digits and inner dashes or dots.
	Name string
	// Stages are the stages, in any order. Where several could begin, the earlier one does.
	Stages []Stage
	// Criteria are what the release is held to before it begins, and when all is done.
	Criteria Criteria
	// Inputs are the keys whose values each request must bring.
	Inputs []stage.Ref
	// Parallel is how many stages of one release run at once. Zero: ledger.DefaultParallel.
	Parallel int
	// OnAbort is what becomes of what was done when a person aborts the release: Undo or Stop. Zero:
	// Undo, by those stages that can; nothing is undone once a stage has begun that is Irreversible.
	OnAbort Policy
	// Former are stages that the pipeline had once, by the names that they had: a release which began
	// by then still goes its old way, and needs them. To rename a stage, name it here under its
	// old name, too; to drop one, give a stage that skips itself. One that a plan holds to traits, gates or keys
	// still declares them: to drop an approval for releases that are under way is to say so in code.
	Former map[string]stage.Stage
}

// The words of the ledger that pipelines are written in. The ledger keeps them in the first event of a
// release, so that the release goes on by them whatever becomes of the pipeline.
type (
	// Policy is what becomes of a release when a stage ends badly.
	Policy = ledger.Policy
	// Retry says how often a failed stage is tried again, and after which waits. Zero: never.
	Retry = ledger.Retry
	// Condition asks for how an earlier stage ended.
	Condition = ledger.Condition
	// Each makes a stage once for each item of a list.
	Each = ledger.Each
)

// The policies.
const (
	// Stop begins no further stage, and leaves what was done as it is.
	Stop = ledger.Stop
	// Undo begins no further stage, and undoes what was done, the latest first, by the stages that
	// can. Behind a stage that is Irreversible it freezes.
	Undo = ledger.Undo
	// GoOn goes on as if the stage had succeeded, where it failed or was rolled back.
	GoOn = ledger.GoOn
	// Freeze leaves all as it is, begins nothing, and waits for a person: who says retry, skip or
	// abort to the stage, or aborts the release.
	Freeze = ledger.Freeze
)

// Stage is one stage in a pipeline.
type Stage struct {
	// Name names the stage in its pipeline, as stage.ValidName asks for.
	Name string
	// Do is what the stage does. What it means to run it again after a host's death, and whether it
	// can be undone, is for it to say: see stage.Effector and stage.Undoer.
	Do stage.Stage
	// Needs are the names of the stages that must have succeeded before this one begins. Where
	// one of them did not, this stage is skipped.
	Needs []string
	// When says how some of Needs must have ended for this stage to run, in place of having
	// succeeded: where one of them has not, it is skipped. A stage that is to run after a failure
	// must also be Always, or the failed one must be allowed to go on.
	When []Condition
	// Each makes the stage once for each item of a list that a stage before has written, or that
	// came with the request: one for each service, region or shard, named as this one, a dot, and the
	// item ("deploy.eu-west"). What needs this stage needs all of them. A stage learns its item with
	// Task.Item. Where the list is empty, there is nothing to do: the stage is skipped, and so is what needs
	// it. Readers of a key that such a stage writes find a map by the names of the items: a
	// Key[T] that is written is a Key[map[string]T] that is read. Nil: it is one stage.
	Each *Each
	// Environment says where the stage works: "production". It is for the stage and for people.
	Environment string
	// Timeout bounds the stage from the begin of its first attempt, waits between attempts included:
	// its context ends when the time is over, and the stage has failed, unless it says otherwise.
	// Time that it waits for a person to say retry does not end it. It counts while no host is up, too, and
	// counts more than a success that comes after it: what asks people has a deadline of its own (see
	// package approval), for which answers given in time count. Zero: no bound.
	Timeout time.Duration
	// AttemptTimeout bounds each attempt in the same way; where Retry allows, it is tried again.
	// Zero: no bound.
	AttemptTimeout time.Duration
	// Retry says how often the stage is tried again when it failed. An error that is Final is not.
	// Zero: never.
	Retry Retry
	// OnFailure is what becomes of the release when the stage ends badly: Stop, Undo, GoOn (which
	// forgives a failure and a rollback, and nothing else) or Freeze. Zero: Stop.
	OnFailure Policy
	// Irreversible says that once the stage has begun, what was done must not be undone any more,
	// such as once a migration has dropped a table. From then on Undo freezes the release.
	Irreversible bool
	// UndoTimeout bounds each attempt to undo the stage, where it is a stage.Undoer. Zero:
	// ledger.DefaultUndoTimeout.
	UndoTimeout time.Duration
	// Always lets the stage run once its needs are over, however they ended, after an abort too,
	// but not in a host that is stopping. It is for what cleans up and tells people: it comes after
	// an undo, holds none up, and is not undone itself. Keys that it reads may have no value.
	Always bool

	criterion ledger.Criterion // given by Criteria
}

// Outline is the pipeline as data, with the stages in the order in which they can run. It is what a
// release freezes in its first event. The error is that of Check.
func (p Pipeline) Outline() (ledger.Pipeline, error) {
	c := p.checked()
	if err := c.errs.ErrorOrNil(); err != nil {
		return ledger.Pipeline{}, err
	}
	out := ledger.Pipeline{Name: p.Name, Inputs: slices.Clone(p.Inputs), Parallel: p.Parallel, OnAbort: p.OnAbort}
	order := c.order()
	if out.Stages = c.outlines; slices.IsSorted(order) {
		return out, nil
	}
	out.Stages = make([]ledger.Stage, 0, len(order))
	for _, i := range order {
		out.Stages = append(out.Stages, c.outlines[i])
	}
	return out, nil
}

// outline is the stage as data.
func (s Stage) outline() ledger.Stage {
	out := ledger.Stage{
		Name: s.Name, Needs: slices.Clone(s.Needs), Environment: s.Environment,
		Timeout: s.Timeout, AttemptTimeout: s.AttemptTimeout, Retry: s.Retry,
		OnFailure: s.OnFailure, Irreversible: s.Irreversible, Always: s.Always, Criterion: s.criterion, UndoTimeout: s.UndoTimeout,
		Effect: stage.EffectOf(s.Do), CanUndo: stage.CanUndo(s.Do),
		Reads: stage.Reads(s.Do), Writes: stage.Writes(s.Do), Listens: stage.Listens(s.Do),
		Secrets: stage.Secrets(s.Do), Gates: stage.Gates(s.Do), Traits: stage.Traits(s.Do),
	}
	for _, c := range s.When {
		out.When = append(out.When, Condition{Stage: c.Stage, Is: slices.Clone(c.Is)})
	}
	if s.Each != nil {
		each := *s.Each
		out.Each = &each
	}
	return out
}
