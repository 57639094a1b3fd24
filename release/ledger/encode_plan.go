package ledger

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// appendRequested writes the first event's body: a plan of many stages, most of which say little.
func appendRequested(b []byte, r Requested) (_ []byte, ok bool) {
	b, ok = appendRelease(append(b, `,"data":{"release":`...), r.Release)
	if !ok {
		return nil, false
	}
	if b, ok = appendPipeline(append(b, `,"pipeline":`...), r.Pipeline); !ok {
		return nil, false
	}
	if len(r.Inputs) > 0 {
		separator := byte('{')
		b = append(b, `,"inputs":`...)
		for _, key := range slices.Sorted(maps.Keys(r.Inputs)) {
			b = append(appendString(append(b, separator), key), ':')
			if b, ok = appendRaw(b, r.Inputs[key]); !ok {
				return nil, false
			}
			separator = ','
		}
		b = append(b, '}')
	}
	b = appendText(b, `,"host":`, r.Host)
	if b, ok = appendAny(b, `,"forked":`, r.Forked, r.Forked == nil); !ok {
		return nil, false
	}
	return append(b, '}'), true
}

func appendRelease(b []byte, r stage.Release) (_ []byte, ok bool) {
	b = appendString(append(b, `{"id":`...), r.ID)
	b = appendString(append(b, `,"service":`...), r.Service)
	b = appendText(b, `,"commit":`, r.Commit)
	b = appendText(b, `,"requested_by":`, r.RequestedBy)
	b = appendText(b, `,"reason":`, r.Reason)
	if !r.RequestedAt.IsZero() {
		var err error
		if b, err = r.RequestedAt.AppendText(append(b, `,"requested_at":"`...)); err != nil {
			return nil, false
		}
		b = append(b, '"')
	}
	return append(b, '}'), true
}

func appendPipeline(b []byte, p Pipeline) (_ []byte, ok bool) {
	if len(p.Stages) == 0 {
		return nil, false // which is not to be told from null
	}
	b = appendString(append(b, `{"name":`...), p.Name)
	b = append(b, `,"stages":`...)
	separator := byte('[')
	for i := range p.Stages {
		if b, ok = appendStage(append(b, separator), &p.Stages[i]); !ok {
			return nil, false
		}
		separator = ','
	}
	b = append(b, ']')
	b = appendRefs(b, `,"inputs":`, p.Inputs)
	b = appendCount(b, `,"parallel":`, p.Parallel)
	b = appendText(b, `,"on_abort":`, string(p.OnAbort))
	return append(b, '}'), true
}

func appendStage(b []byte, s *Stage) (_ []byte, ok bool) {
	b = appendString(append(b, `{"name":`...), s.Name)
	b = appendTexts(b, `,"needs":`, s.Needs)
	if b, ok = appendAny(b, `,"when":`, s.When, len(s.When) == 0); !ok {
		return nil, false
	}
	if b, ok = appendAny(b, `,"each":`, s.Each, s.Each == nil); !ok {
		return nil, false
	}
	b = appendText(b, `,"environment":`, s.Environment)
	b = appendDuration(b, `,"timeout_ns":`, s.Timeout)
	b = appendDuration(b, `,"attempt_timeout_ns":`, s.AttemptTimeout)
	if b, ok = appendAny(b, `,"retry":`, s.Retry, s.Retry == Retry{}); !ok {
		return nil, false
	}
	b = appendText(b, `,"on_failure":`, string(s.OnFailure))
	b = appendFlag(b, `,"irreversible":true`, s.Irreversible)
	b = appendFlag(b, `,"always":true`, s.Always)
	b = appendText(b, `,"criterion":`, string(s.Criterion))
	b = appendText(b, `,"effect":`, string(s.Effect))
	b = appendFlag(b, `,"can_undo":true`, s.CanUndo)
	b = appendDuration(b, `,"undo_timeout_ns":`, s.UndoTimeout)
	b = appendRefs(b, `,"reads":`, s.Reads)
	b = appendRefs(b, `,"writes":`, s.Writes)
	b = appendTexts(b, `,"listens":`, s.Listens)
	b = appendTexts(b, `,"secrets":`, s.Secrets)
	b = appendTexts(b, `,"gates":`, s.Gates)
	b = appendTexts(b, `,"traits":`, s.Traits)
	b = appendText(b, `,"of":`, s.Of)
	if b, ok = appendAny(b, `,"item":`, s.Item, s.Item.Name == "" && s.Item.Value == nil); !ok {
		return nil, false
	}
	return append(b, '}'), true
}

// appendAny writes what is rarely there.
func appendAny[T any](b []byte, name string, value T, empty bool) (_ []byte, ok bool) {
	if empty {
		return b, true
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, false
	}
	return append(append(b, name...), text...), true
}

func appendTexts[T ~string](b []byte, name string, list []T) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, name...)
	separator := byte('[')
	for _, text := range list {
		b = appendString(append(b, separator), string(text))
		separator = ','
	}
	return append(b, ']')
}

func appendRefs(b []byte, name string, list []stage.Ref) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, name...)
	separator := byte('[')
	for _, ref := range list {
		b = append(b, separator)
		b = appendString(append(b, `{"name":`...), ref.Name)
		b = appendString(append(b, `,"type":`...), ref.Type)
		b = append(b, '}')
		separator = ','
	}
	return append(b, ']')
}

func appendDuration(b []byte, name string, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), int64(d), 10)
}

func appendFlag(b []byte, text string, is bool) []byte {
	if !is {
		return b
	}
	return append(b, text...)
}
