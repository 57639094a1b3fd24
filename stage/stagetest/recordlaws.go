package stagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
)

// MaxRecords is how much one attempt of a stage may record in all, in bytes of JSON: its values, its
// last checkpoint, and all of its details, verdicts and progress.
const MaxRecords = 16 << 20

// records are what the stage has recorded, by what it is.
func (h *Host) records() map[string][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[string][]byte)
	for name, raw := range h.values {
		all["the key "+name] = raw
	}
	all["its checkpoint"] = h.saved
	for kind, list := range map[string]any{"its details": h.details, "its evidence": h.verdicts, "its progress": h.progress} {
		all[kind], _ = json.Marshal(list) // they have been checked when they were recorded
	}
	return all
}

func size(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	h, _ := once(new, c)
	sum := 0
	for _, raw := range h.records() {
		sum += len(raw)
	}
	if sum > MaxRecords {
		wrong = append(wrong, fmt.Sprintf("it records %d bytes, at most %d make sense: keep them elsewhere, and a reference here", sum, MaxRecords))
	}
	return wrong, ""
}

// lines are what a stage logs, in both formats.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text.Bytes())
}

// secrets looks for the secrets that the stage was given in all that it says.
func secrets(make func() stage.Stage, c Case) (wrong []string, skipped string) {
	var given []stage.Secret
	for _, in := range c.Inputs {
		if in.secret != nil {
			given = append(given, *in.secret)
		}
	}
	if len(given) == 0 {
		return nil, "the case has no secrets"
	}
	s, h := situation(make, c)
	log := new(lines)
	h.Logger = hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Trace})
	a := run(h, s, c, c.end())
	b := undo(h, make(), c, -1)
	said := h.records()
	said["its error"] = fmt.Appendf(nil, "%v %+v", a.err, a.err)
	said["the error of its Undo"] = fmt.Appendf(nil, "%v %+v", b.err, b.err)
	said["its log"] = log.bytes()
	for _, what := range slices.Sorted(maps.Keys(said)) {
		if slices.ContainsFunc(given, func(s stage.Secret) bool { return shows(said[what], s.Reveal()) }) {
			wrong = append(wrong, what+" shows a secret")
		}
	}
	return wrong, ""
}

// shows reports whether a text holds a secret, as it is or as JSON has it.
func shows(text []byte, secret string) bool {
	raw, _ := json.Marshal(secret) // every string can be written
	return secret != "" && (strings.Contains(string(text), secret) || bytes.Contains(text, bytes.Trim(raw, `"`)))
}

// pure runs the stage twice from its start, as an engine does that has lost the first run.
func pure(new func() stage.Stage, c Case) (wrong []string, skipped string) {
	if stage.EffectOf(new()) != stage.Pure {
		return nil, "the stage is not Pure"
	}
	effects := c.effects()
	first, a := once(new, c)
	second, b := once(new, c)
	if a.stuck || a.panics != "" || b.stuck || b.panics != "" {
		return nil, "the stage does not end"
	}
	if more := c.effects() - effects; more != 0 {
		wrong = append(wrong, fmt.Sprintf("it is said to change nothing, and had %d effects", more))
	}
	return append(wrong, differences(first, second, "from its start")...), ""
}

// differences are the keys that the stage has set to something else than before.
func differences(before, after *Host, when string) (wrong []string) {
	was, is := before.set(), after.set()
	names := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if !bytes.Equal(was[name], is[name]) {
			wrong = append(wrong, fmt.Sprintf("it set %s to %s at first, and to %s %s", name, was[name], is[name], when))
		}
	}
	return wrong
}

// set are the values of the last attempt.
func (h *Host) set() map[string]json.RawMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.values)
}
