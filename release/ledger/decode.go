package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/davit-sdk/davit/stage"
)

// Decoder reads events from JSON as UnmarshalJSON does: it takes and refuses the same, and gives the
// same values. It is much faster for the events that occur most, and it gives requests whose
// pipelines have the same JSON one Pipeline between them, so that thousands of releases of one
// pipeline have it in memory once. So nobody may change a Pipeline that comes from a Decoder.
//
// The zero value is ready. A Decoder may be used by any number of goroutines at once.
type Decoder struct {
	mu        sync.Mutex
	pipelines map[string]Pipeline
}

// maxPipelines bounds what a Decoder remembers.
const maxPipelines = 256

// Decode reads one event. The error is as that of UnmarshalJSON.
func (d *Decoder) Decode(text []byte) (Event, error) {
	if e, ok := d.plain(text); ok {
		return e, nil
	}
	var e Event
	// What UnmarshalJSON is called with by encoding/json has been checked as a whole.
	if err := json.Unmarshal(text, &e); err != nil {
		return Event{}, err
	}
	return e, nil
}

// plain reads an event that stands there exactly as it is written. All others, among them those that
// cannot be read, are left to UnmarshalJSON.
func (d *Decoder) plain(text []byte) (e Event, ok bool) {
	t := tokens{rest: text, ok: true}
	t.skip(`{"seq":`)
	e.Seq = t.number()
	t.skip(`,"time":`)
	at := t.quoted()
	t.skip(`,"type":`)
	kind := t.quoted()
	if t.next(`,"stage":`) {
		e.Stage = t.text()
	}
	if t.next(`,"attempt":`) {
		e.Attempt = t.count()
	}
	var data []byte
	if t.next(`,"data":`) && t.ok && len(t.rest) > 0 {
		data = t.rest[:len(t.rest)-1]
		t.rest = t.rest[len(t.rest)-1:]
	}
	t.skip(`}`)
	if !t.ok || len(t.rest) > 0 || e.Time.UnmarshalJSON(at) != nil {
		return Event{}, false
	}
	e.Body, ok = d.body(kind[1:len(kind)-1], data)
	return e, ok
}

// body reads a body that stands there exactly as it is written.
func (d *Decoder) body(kind, data []byte) (Body, bool) {
	t := tokens{rest: data, ok: true}
	var body Body
	switch string(kind) {
	case "stage.began":
		return Began{}, data == nil
	case "undo.began":
		return UndoBegan{}, data == nil
	case "release.requested":
		return d.requested(data)
	case "stage.ended":
		var b Ended
		t.skip(`{"outcome":`)
		b.Outcome = outcome(t.quoted())
		if t.next(`,"reason":`) {
			b.Reason = t.text()
		}
		if t.next(`,"by":`) {
			b.By = t.text()
		}
		if t.next(`,"heard":`) {
			b.Heard = t.count()
		}
		body = b
	case "release.finished":
		var b Finished
		t.skip(`{"outcome":`)
		b.Outcome = outcome(t.quoted())
		if t.next(`,"reason":`) {
			b.Reason = t.text()
		}
		if t.next(`,"by":`) {
			b.By = t.text()
		}
		body = b
	case "value.written":
		var b Wrote
		t.skip(`{"key":`)
		b.Key = t.text()
		t.skip(`,"value":`)
		b.Value = t.value()
		body = b
	case "detail.noted":
		var b Noted
		t.skip(`{"name":`)
		b.Name = t.text()
		t.skip(`,"data":`)
		b.Data = t.value()
		body = b
	case "checkpoint.saved":
		var b Saved
		t.skip(`{"checkpoint":`)
		b.Checkpoint = t.value()
		if t.next(`,"heard":`) {
			b.Heard = t.count()
		}
		body = b
	default:
		return nil, false
	}
	t.skip(`}`)
	return body, t.ok && len(t.rest) == 0
}

// outcome is the outcome of that name. Those that are known need no memory.
func outcome(quoted []byte) stage.Outcome {
	if len(quoted) < 2 {
		return ""
	}
	name := quoted[1 : len(quoted)-1]
	switch string(name) {
	case string(stage.Succeeded):
		return stage.Succeeded
	case string(stage.Failed):
		return stage.Failed
	case string(stage.Skipped):
		return stage.Skipped
	}
	return stage.Outcome(name)
}

// requested reads a request whose pipeline is known already, or gets to know it.
func (d *Decoder) requested(data []byte) (Body, bool) {
	t := tokens{rest: data, ok: true}
	t.skip(`{"release":`)
	t.raw()
	before := len(data) - len(t.rest)
	t.skip(`,"pipeline":`)
	text := t.raw()
	if !t.ok || !json.Valid(data) {
		return nil, false
	}
	p, err := d.pipeline(text)
	if err != nil {
		return nil, false
	}
	var b Requested
	others := append(bytes.Clone(data[:before]), t.rest...)
	if strict(others, &b) != nil || !reflect.ValueOf(&b.Pipeline).Elem().IsZero() {
		return nil, false
	}
	b.Pipeline = p
	return b, true
}

func (d *Decoder) pipeline(text []byte) (Pipeline, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p, known := d.pipelines[string(text)]; known {
		return p, nil
	}
	var p Pipeline
	if err := strict(text, &p); err != nil {
		return Pipeline{}, fmt.Errorf("pipeline: %w", err)
	}
	if d.pipelines == nil || len(d.pipelines) >= maxPipelines {
		d.pipelines = make(map[string]Pipeline)
	}
	d.pipelines[string(text)] = p
	return p, nil
}

// tokens takes JSON apart that has one form only. It is not ok any more after anything else.
type tokens struct {
	rest []byte
	ok   bool
}

// next takes a text, if it comes next.
func (t *tokens) next(text string) bool {
	if len(t.rest) < len(text) || string(t.rest[:len(text)]) != text {
		return false
	}
	t.rest = t.rest[len(text):]
	return true
}

func (t *tokens) skip(text string) { t.ok = t.next(text) && t.ok }

// number takes digits.
func (t *tokens) number() (n uint64) {
	i := 0
	for ; i < len(t.rest) && i < 18 && t.rest[i] >= '0' && t.rest[i] <= '9'; i++ {
		n = n*10 + uint64(t.rest[i]-'0')
	}
	t.ok = t.ok && i > 0 && (i == 1 || t.rest[0] != '0') && i < 18
	t.rest = t.rest[i:]
	return n
}

// count takes digits that every int can hold.
func (t *tokens) count() int {
	n := t.number()
	t.ok = t.ok && n < 1<<31
	return int(n)
}

// quoted takes a string in which every byte stands for itself, with its quotes.
func (t *tokens) quoted() []byte {
	if len(t.rest) > 0 && t.rest[0] == '"' {
		for i := 1; i < len(t.rest); i++ {
			switch c := t.rest[i]; {
			case c == '"':
				text := t.rest[:i+1]
				t.rest = t.rest[i+1:]
				return text
			case c < ' ' || c > '~' || c == '\\':
				t.ok = false
				return nil
			}
		}
	}
	t.ok = false
	return nil
}

func (t *tokens) text() string {
	if q := t.quoted(); t.ok {
		return string(q[1 : len(q)-1])
	}
	return ""
}

// value takes an object, an array, a string or a number, and keeps it.
func (t *tokens) value() json.RawMessage {
	raw := t.raw()
	if t.ok = t.ok && json.Valid(raw); !t.ok {
		return nil
	}
	return bytes.Clone(raw)
}

// raw takes what looks like a value, up to where it must end if it is one.
func (t *tokens) raw() []byte {
	depth, quoted := 0, false
	for i := 0; i < len(t.rest); i++ {
		c := t.rest[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}' || c == ']'):
			return t.upTo(i)
		case c == '}' || c == ']':
			depth--
		}
	}
	return t.upTo(len(t.rest))
}

func (t *tokens) upTo(n int) []byte {
	text := t.rest[:n]
	// A null is nothing in some places, and a value in others.
	t.ok = t.ok && n > 0 && text[0] != 'n' && text[0] > ' ' && text[n-1] > ' '
	t.rest = t.rest[n:]
	return text
}
