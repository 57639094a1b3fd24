// Package notify (SHELL) tells people and programs what happens to releases: from the event log alone, at least once, over restarts, and
// without ever holding up a release.
//
// A host runs one [Notifier] beside its runner, or in a process of its own on the same store:
//
//	cursors, err := notify.NewFileCursors("/var/lib/shop/notify")
//	if err != nil {
//		return err
//	}
//	defer cursors.Close()
//	n, err := notify.New(notify.Options{
//		Store:    events,
//		Cursors:  cursors,
//		Channels: map[string]notify.Channel{"mail": &mail.Channel{...}, "chat": &slack.Channel{...}},
//		Groups: []notify.Group{
//			{Name: "team", Recipients: []notify.Recipient{{Name: "#shop", Channel: "chat"}}},
//			{Name: "berlin", Recipients: []notify.Recipient{{Name: "ada", Channel: "mail", Address: "ada@example.com", Zone: "Europe/Berlin", Hours: office}}},
//		},
//		Rules: []notify.Rule{
//			{Name: "approvals", Kinds: []string{"approval.*"}, To: []string{"team"}, Escalate: &notify.Escalation{After: time.Hour, To: []string{"berlin", "sydney"}}},
//			{Name: "trouble", AtLeast: notify.Warning, Environments: []string{"production"}, To: []string{"team", "berlin"}},
//		},
//		Alarms: "team",
//		Logger: logger,
//	})
//	if err != nil {
//		return err // all that is wrong with the options, each by its field
//	}
//	return n.Run(ctx)
//
// # From an event to a message
//
// An event becomes an [Occurrence] of one [Kind], or of none: checkpoints, progress and values are told to nobody, a wait and the verdicts of a gate only when
// they say something new. The rules say which groups are told; of several rules that name the same recipient, the first one counts. The
// [Message] is written by the template of the rule, of the kind, or the default one, and goes to the channel of the recipient. Its
// ID is made of the release, the event and the recipient.
//
// # When it is sent
//
//   - At once, by default.
//   - In quiet hours of the recipient, by the clocks of the recipient's zone, when these end. Recipient.WakeForUrgent lets urgent ones through.
//   - As a part of a digest, with Recipient.DigestEvery or DigestAt. A digest is recorded before it is sent, as long as that is possible.
//   - Not at all, where something like it was told less than Rule.Dedupe before; the next one says how many were left out.
//
// What is held is sent even if it is over by then: a question that was answered in the night is told in the morning, and so is the answer.
//
// Where clocks are turned back, what a wall clock shows twice counts twice; where they skip a time, what is to be at that time is when they do.
//
// # When nobody answers
//
// What asks a person (an approval, a pause in a rollout, a stage that is parked) escalates by Rule.Escalate: to the next group in turn in which somebody
// is awake by then, and so on until the question is answered. Each time at which somebody says something about it counts as a
// beginning. Who is asked when follows from the log alone, so that all channels agree on it, and a restart changes nothing; of several steps
// that were missed while no host was up, the last one is made up for.
//
// # Guarantees
//
// What is to be told is read from the store, and what was sent is in a cursor for each channel; a [CursorStore] keeps it. So after a crash at any moment, each message
// that a channel has not taken is sent, and what it may have taken within the last moments is sent again with the same ID. A receiver that keeps IDs sees each one
// once. Messages come in the order of the events of a release, as long as each is taken at its first try.
//
// Each channel has a goroutine of its own, and no channel waits for another one. The store is read by one more, which waits for none of them:
// a channel takes some thousand messages into memory, and what does not fit stays in the log until there is room.
//
// Nor does a recipient wait for another one on the same channel. Each has a share of that memory; of somebody who cannot be told now, in quiet hours or
// since messages are not taken, what goes beyond it stays in the log, and the cursor keeps from where on, by release. What is urgent or asks somebody
// overtakes it. Status says in Held who that is. Who is refused for good should be taken out of the groups: when recipients are behind in 65,536 releases,
// counted for each, the channel goes on only when that becomes less.
//
// No secret of a stage is in a message, as none is in an event. Text of stages is cut, and cleaned of what steers a terminal; channels quote it for where they send it to.
//
// # What can go wrong
//
//	a channel fails          it is tried again with the same ID, less and less often; others for the same channel take turns with it
//	it says when             an AfterError, or Retry-After in an answer of HTTP, is heeded up to MaxWait
//	a message is refused     for what it is (Permanent), for too long (Retry.Within: a day) or too often (Retry.Attempts): it is a dead letter,
//	                         which is logged, kept in Status, and told to Options.Alarms on all other channels (several within half a minute as one)
//	a channel hangs          its call is given up by its context after Options.Timeout; one that does not heed it is told of as an alarm, and called
//	                         no further until it returns; Run ends with ErrHangs if it never does
//	a channel panics         that is an error like others
//	a template fails         the default words stand in, and say so
//	a cursor cannot be read  the channel sends nothing, as it can know nothing, and tries again each minute; that is logged, and an alarm. The files of
//	                         FileCursors keep the one before, which counts where the newest is torn
//	a cursor cannot be kept  messages go on, and come again after a crash; digests wait for five minutes, and what they hold comes again after a crash in
//	                         other ones. Status says that the channel fails, and after five failures in a row there is an alarm
//	the store fails          it is asked again, every 30 s at most seldom; nothing is lost
//	a release is broken      nothing more is told of it, and all others go on; it is tried again every half minute; that is logged, and an alarm
//	the clock is put back    what waits, waits for what was left of its time, and no longer
//	nobody is ever awake     New refuses an escalation to such a group
//	a zone is not known      New refuses it: import time/tzdata where the machine has no zones
//
// # Errors
//
// New reports all that is wrong at once. Channels end a message for good with [Permanent], and say when they want to be asked again with an [AfterError].
//
// # Concurrency
//
// The methods of a Notifier may be called from any goroutine; it runs once at a time. Two notifiers with cursors of their own tell everything twice, with the same IDs.
// A folder of FileCursors serves one at a time: the second one gets ErrLocked. Other CursorStores have to see to that themselves.
package notify
