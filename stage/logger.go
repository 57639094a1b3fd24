package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
)

// discreet is a logger that shows of a secret that it is one. hclog's JSON format gives up a whole line,
// without a word, where one of its values refuses to be written, as a secret does.
type discreet struct{ hclog.Logger }

func (d discreet) Log(level hclog.Level, msg string, args ...any) {
	d.Logger.Log(level, msg, shown(args)...)
}

func (d discreet) Trace(msg string, args ...any) { d.Log(hclog.Trace, msg, args...) }
func (d discreet) Debug(msg string, args ...any) { d.Log(hclog.Debug, msg, args...) }
func (d discreet) Info(msg string, args ...any)  { d.Log(hclog.Info, msg, args...) }
func (d discreet) Warn(msg string, args ...any)  { d.Log(hclog.Warn, msg, args...) }
func (d discreet) Error(msg string, args ...any) { d.Log(hclog.Error, msg, args...) }

func (d discreet) With(args ...any) hclog.Logger       { return discreet{d.Logger.With(shown(args)...)} }
func (d discreet) Named(name string) hclog.Logger      { return discreet{d.Logger.Named(name)} }
func (d discreet) ResetNamed(name string) hclog.Logger { return discreet{d.Logger.ResetNamed(name)} }

// shown are the arguments of a line, each that holds a secret as the text which fmt makes of it.
func shown(args []any) []any {
	var copied []any
	for i, arg := range args {
		if !holdsSecret(arg) {
			continue
		}
		if copied == nil {
			copied = append(copied, args...)
		}
		copied[i] = fmt.Sprintf("%v", arg)
	}
	if copied == nil {
		return args
	}
	return copied
}

// holdsSecret asks JSON, which looks everywhere that a logger may look.
func holdsSecret(arg any) bool {
	switch arg := arg.(type) {
	case nil, string, bool, int, int64, uint64, float64, time.Duration, time.Time, hclog.Format:
		return false // Format is printed by fmt
	case Secret, *Secret:
		return true
	case error:
		if _, ok := arg.(json.Marshaler); !ok {
			return false // its text is what is written
		}
	}
	_, err := json.Marshal(arg)
	return errors.Is(err, ErrSecret)
}
