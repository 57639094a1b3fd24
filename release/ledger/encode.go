package ledger

import (
	"encoding/json"
	"reflect"
	"strconv"
)

// AppendJSON appends the event's JSON to dst, byte for byte as MarshalJSON writes it, and much faster for
// the events that occur most. Where it gives an error, dst is nil.
func (e Event) AppendJSON(dst []byte) ([]byte, error) {
	if out, ok := e.appendPlain(dst); ok {
		return out, nil
	}
	text, err := e.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return append(dst, text...), nil
}

// appendPlain writes events that need nothing but the obvious. All others, among them those that
// cannot be written, are left to MarshalJSON.
func (e Event) appendPlain(b []byte) (_ []byte, ok bool) {
	if e.Body == nil {
		return nil, false
	}
	b = strconv.AppendUint(append(b, `{"seq":`...), e.Seq, 10)
	b, err := e.Time.AppendText(append(b, `,"time":"`...))
	if err != nil {
		return nil, false
	}
	b = append(b, `","type":`...)
	b = appendString(b, e.Body.Type())
	if e.Stage != "" {
		b = appendString(append(b, `,"stage":`...), e.Stage)
	}
	if e.Attempt != 0 {
		b = strconv.AppendInt(append(b, `,"attempt":`...), int64(e.Attempt), 10)
	}
	if b, ok = appendBody(b, e.Body); !ok {
		return nil, false
	}
	return append(b, '}'), true
}

func appendBody(b []byte, body Body) (_ []byte, ok bool) {
	switch d := body.(type) {
	case Began, UndoBegan:
		return b, true
	case Requested:
		return appendRequested(b, d)
	case Ended:
		b = appendString(append(b, `,"data":{"outcome":`...), string(d.Outcome))
		b = appendText(b, `,"reason":`, d.Reason)
		b = appendText(b, `,"by":`, d.By)
		b = appendCount(b, `,"heard":`, d.Heard)
		d.Outcome, d.Reason, d.By, d.Heard = "", "", "", 0
		return append(b, '}'), nothing(&d)
	case Finished:
		b = appendString(append(b, `,"data":{"outcome":`...), string(d.Outcome))
		b = appendText(b, `,"reason":`, d.Reason)
		b = appendText(b, `,"by":`, d.By)
		d.Outcome, d.Reason, d.By = "", "", ""
		return append(b, '}'), nothing(&d)
	case Wrote:
		b = appendString(append(b, `,"data":{"key":`...), d.Key)
		if b, ok = appendRaw(append(b, `,"value":`...), d.Value); !ok {
			return nil, false
		}
		d.Key, d.Value = "", nil
		return append(b, '}'), nothing(&d)
	case Noted:
		b = appendString(append(b, `,"data":{"name":`...), d.Name)
		if b, ok = appendRaw(append(b, `,"data":`...), d.Data); !ok {
			return nil, false
		}
		d.Name, d.Data = "", nil
		return append(b, '}'), nothing(&d)
	case Saved:
		if b, ok = appendRaw(append(b, `,"data":{"checkpoint":`...), d.Checkpoint); !ok {
			return nil, false
		}
		b = appendCount(b, `,"heard":`, d.Heard)
		d.Checkpoint, d.Heard = nil, 0
		return append(b, '}'), nothing(&d)
	}
	return nil, false
}

// nothing reports whether nothing is left in a body: what this file does not know is not plain.
func nothing(body any) bool { return reflect.ValueOf(body).Elem().IsZero() }

func appendText(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return appendString(append(b, name...), text)
}

func appendCount(b []byte, name string, n int) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), int64(n), 10)
}

// appendString writes a string as encoding/json does.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			if err != nil {
				panic("ledger: a string has no JSON: " + err.Error()) // there is none
			}
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendRaw writes a value that is in its shortest form already, as encoding/json would make it.
func appendRaw(b []byte, raw json.RawMessage) (_ []byte, ok bool) {
	quoted := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '<' || c == '>' || c == '&' || c == 0xe2:
			return nil, false
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c <= ' ':
			return nil, false
		}
	}
	if !json.Valid(raw) {
		return nil, false
	}
	return append(b, raw...), true
}
