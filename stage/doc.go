// Package stage (CONTRACT) is what the author of a stage needs: one unit of work in a release.
//
// It is imported by every stage and by every engine that runs them, and it holds no engine code. The
// smallest stage is one function:
//
//	hello := stage.Func(func(ctx context.Context, t *stage.Task) error {
//		t.Logger().Info("hello", "release", t.Release().ID)
//		return nil
//	})
//
// A stage sees the world through its [Task]: the release, typed values of the stages before it, a
// place to keep a checkpoint, and ways to show how far it is. What it reads, writes and listens to it
// declares by further one-method interfaces ([Reader], [Writer], [Listener]), so that a pipeline is
// checked as a whole before anything runs; so are the secrets that it needs ([SecretReader]), the gates
// that it asks ([Gater]), what it means to run it again ([Effector]), and what rules about whole pipelines ask for ([Traiter]). A stage that can be taken back
// is an [Undoer]. A plain function gets all of these by being wrapped in a [Declared] or an [Undoable].
// A stage that has nothing to do until somebody answers returns [Wait]. [github.com/davit-sdk/davit/stage/stagetest] proves a stage
// right, and gives a Task to a unit test.
//
// # Errors
//
// A stage that returns nil has succeeded, unless its time was up by then. Any error is a failure, unless it is, or wraps, an [Error],
// which says how else the stage ended: skipped, rejected, rolled back, stranded.
//
// # Cancel
//
// When its context is done, a stage stops soon and tells how far it got. The cause
// ([context.Cause]) is an [Error] which says why, and so what is to be done about work half done:
//
//   - [Interrupted]: the host is stopping. Leave things as they are; a later run goes on from the
//     last checkpoint.
//   - [Aborted]: a person wants this taken back. Undo what was done, under a context of its own
//     ([context.WithoutCancel] and a time limit), and return an Error with [RolledBack].
//   - [Failed]: the stage's own time is up. As with Aborted.
//   - [Skipped]: a person wants to go on without this stage. As with Aborted.
//
// Run may also be called with a context that has ended already: where such a word came while no host had
// the stage, or while it waited. It then only clears up what an earlier attempt has begun, as its checkpoint
// tells. So a stage looks at its context before it does anything.
//
// # Concurrency
//
// A stage value may be used by several releases at once, so Run must not change it. What a stage works
// on, such as the target of a deployment, is shared by all who use the value: whether it bears that is
// said by the stage that has it.
package stage
