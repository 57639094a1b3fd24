package notify

import (
	"errors"
	"time"
)

// permanent is an error of a message that will never be taken.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent says of an error that to send the same message again would not help: it becomes a dead letter at once. It is for what is wrong with the
// message itself; what is wrong with the channel may be mended before the message comes again.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether an error, or one within it, is Permanent.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// AfterError is the error of a channel that says when it wants to be asked again.
type AfterError struct {
	// Wait is for how long it wants to be left alone. More than MaxWait is taken for MaxWait.
	Wait time.Duration
	Err  error
}

// MaxWait is how long a channel is left alone at most because it said so.
const MaxWait = time.Hour

// Error is the error itself.
func (e *AfterError) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *AfterError) Unwrap() error { return e.Err }

// ErrHangs says that a channel has not returned from Send after its context was done.
var ErrHangs = errors.New("the channel hangs")

// ErrCursor says that something is no cursor.
var ErrCursor = errors.New("no cursor")

// ErrLocked says that the folder of FileCursors is in use, by this process or another one.
var ErrLocked = errors.New("the folder is in use by another notifier: stop that one, or take another folder")
