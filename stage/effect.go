package stage

// Effect says what it means to run a stage once more, and so what becomes of one that was under way
// when its host died. Whether it can be taken back is another question: see Undoer.
type Effect string

const (
	// Idempotent: running it again does no harm, as it goes on from its checkpoint, or asks the world
	// what is done already, or hands its Token to those who do the work. It is run again.
	Idempotent Effect = ""
	// Pure: it changes nothing outside. It is run again from its start, without a checkpoint.
	Pure Effect = "pure"
	// AtMostOnce: running it twice may do harm: charge a card, send a letter. Once begun it is never
	// begun again by itself: where its end is not known, it waits for a person, who says retry, skip
	// or abort.
	AtMostOnce Effect = "at-most-once"
)

// Effects are all classes that there are.
func Effects() []Effect { return []Effect{Idempotent, Pure, AtMostOnce} }
