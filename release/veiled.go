package release

import (
	"fmt"

	"github.com/hashicorp/go-hclog"
)

// veiled is a logger that shows no secret.
type veiled struct {
	hclog.Logger
	veil *veil
}

// masked is the logger without the secrets that the veil knows, by then.
func masked(l hclog.Logger, v *veil) hclog.Logger { return veiled{l, v} }

// args are the arguments of a line with all texts masked. What is no plain value is shown as text where
// it would show a secret.
func (l veiled) args(list []any) []any {
	out := make([]any, len(list))
	for i, arg := range list {
		out[i] = arg
		switch a := arg.(type) {
		case string:
			out[i] = l.veil.mask(a)
		case nil, bool, int, int64, uint64, float64:
		default:
			if text := fmt.Sprintf("%+v", a); l.veil.mask(text) != text {
				out[i] = l.veil.mask(text)
			}
		}
	}
	return out
}

func (l veiled) Log(level hclog.Level, msg string, args ...any) {
	l.Logger.Log(level, l.veil.mask(msg), l.args(args)...)
}
func (l veiled) Trace(msg string, args ...any) { l.Logger.Trace(l.veil.mask(msg), l.args(args)...) }
func (l veiled) Debug(msg string, args ...any) { l.Logger.Debug(l.veil.mask(msg), l.args(args)...) }
func (l veiled) Info(msg string, args ...any)  { l.Logger.Info(l.veil.mask(msg), l.args(args)...) }
func (l veiled) Warn(msg string, args ...any)  { l.Logger.Warn(l.veil.mask(msg), l.args(args)...) }
func (l veiled) Error(msg string, args ...any) { l.Logger.Error(l.veil.mask(msg), l.args(args)...) }

func (l veiled) With(args ...any) hclog.Logger { return veiled{l.Logger.With(l.args(args)...), l.veil} }
func (l veiled) Named(name string) hclog.Logger {
	return veiled{l.Logger.Named(l.veil.mask(name)), l.veil}
}
func (l veiled) ResetNamed(name string) hclog.Logger {
	return veiled{l.Logger.ResetNamed(l.veil.mask(name)), l.veil}
}
