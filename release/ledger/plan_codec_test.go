package ledger_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// values are some of a type: those that are left out of JSON, and others. They are no deeper than must be.
func values(t reflect.Type, text string) (all []reflect.Value) {
	add := func(v any) { all = append(all, reflect.ValueOf(v).Convert(t)) }
	switch {
	case t == reflect.TypeFor[time.Time]():
		add(time.Time{})
		add(epoch.Add(5))
		add(epoch.In(time.FixedZone("", 3601)))
	case t == reflect.TypeFor[json.RawMessage]():
		for _, raw := range []string{`{"a":1}`, ` 1`, `"<"`, `[`} {
			add(json.RawMessage(raw))
		}
		add(json.RawMessage(nil))
	case t.Kind() == reflect.String:
		add("")
		add(text)
		add(`a"<é`)
	case t.Kind() == reflect.Bool:
		add(false)
		add(true)
	case t.Kind() == reflect.Pointer:
		all = append(all, reflect.Zero(t))
		for _, v := range values(t.Elem(), text) {
			p := reflect.New(t.Elem())
			p.Elem().Set(v)
			all = append(all, p)
		}
	case t.Kind() == reflect.Slice:
		all = append(all, reflect.Zero(t), reflect.MakeSlice(t, 0, 0))
		list := reflect.MakeSlice(t, 0, 0)
		for _, v := range values(t.Elem(), text) {
			list = reflect.Append(list, v)
			all = append(all, list)
		}
	case t.Kind() == reflect.Map:
		all = append(all, reflect.Zero(t), reflect.MakeMap(t))
		for _, v := range values(t.Elem(), text) {
			m := reflect.MakeMap(t)
			m.SetMapIndex(reflect.ValueOf(text), v)
			m.SetMapIndex(reflect.ValueOf("b<"), v)
			all = append(all, m)
		}
	case t.Kind() == reflect.Struct:
		all = append(all, reflect.Zero(t))
		for i := range t.NumField() {
			for _, v := range values(t.Field(i).Type, fmt.Sprint(text, ".", i)) {
				s := reflect.New(t).Elem()
				s.Field(i).Set(v)
				all = append(all, s)
			}
		}
	default:
		add(0)
		add(-7)
		add(1 << 40)
	}
	return all
}

// Each field of a request, and of all that is in it, is written as encoding/json does: also those that
// are added one day.
func TestAPlanIsWrittenAsJSONDoes(t *testing.T) {
	var d ledger.Decoder
	written := 0
	for _, body := range values(reflect.TypeFor[ledger.Requested](), "r") {
		agree(t, &d, ledger.Event{Seq: 1, Time: epoch, Body: body.Interface().(ledger.Body)})
		written++
	}
	for _, s := range values(reflect.TypeFor[ledger.Stage](), "s") {
		body := ledger.Requested{Release: stage.Release{ID: "r"}, Pipeline: ledger.Pipeline{Stages: []ledger.Stage{{Name: "first"}, s.Interface().(ledger.Stage)}}}
		agree(t, &d, ledger.Event{Seq: 1, Time: epoch, Body: body})
		written++
	}
	t.Logf("%d requests", written)
}
