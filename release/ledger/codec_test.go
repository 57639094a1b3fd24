package ledger_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// agree checks that the quick way and the strict one do the same with an event.
func agree(t *testing.T, d *ledger.Decoder, e ledger.Event) {
	t.Helper()
	want, wantErr := e.MarshalJSON()
	before := []byte("before")
	got, err := e.AppendJSON(before)
	if wantErr != nil {
		require.Error(t, err)
		require.Nil(t, got)
		return
	}
	require.NoError(t, err)
	require.Equal(t, "before"+string(want), string(got))
	agreeOn(t, d, want)
}

// agreeOn checks the same for what is read.
func agreeOn(t *testing.T, d *ledger.Decoder, text []byte) {
	t.Helper()
	var want ledger.Event
	wantErr := json.Unmarshal(text, &want)
	given := bytes.Clone(text)
	got, err := d.Decode(given)
	for i := range given {
		given[i] = 'x' // what is decoded does not lie in what it was decoded from
	}
	if wantErr != nil {
		require.Error(t, err, "%s", text)
		require.Zero(t, got)
		return
	}
	require.NoError(t, err, "%s", text)
	require.Equal(t, want, got, "%s", text)
}

func TestTheQuickWayIsTheStrictOne(t *testing.T) {
	texts := []string{"", "plain", "two words", "ü", "a\nb", "<&>", "\u2028", "\xff", `quote " and \`, "~\x7f", "null"}
	raws := []string{
		`{"a":1}`, `{ "a" : 1 }`, `"<"`, `null`, ``, `[`, `"` + "\u2028" + `"`, `1`, `-1.5e3`, `"a b"`, `{"a":"\\\""}`, `[1,[2,{"b":[]}]]`, `true`, `"a`, `1 `, `{"a":1}}`, "\"\xff\"", `"a","b":1`,
	}
	var d ledger.Decoder
	for _, e := range everything() {
		agree(t, &d, e)
		for _, text := range texts {
			e.Stage = text
			agree(t, &d, e)
		}
		for _, n := range []int{-1, 0, 1 << 40} {
			e.Attempt = n
			agree(t, &d, e)
		}
		e.Stage, e.Attempt, e.Seq = "build", 3, 1<<63+5
		agree(t, &d, e)
		for _, at := range []time.Time{
			{}, epoch, epoch.Add(123456789), epoch.In(time.FixedZone("", 3600)), epoch.In(time.FixedZone("", 3601)),
			time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			e.Time = at
			agree(t, &d, e)
		}
		e.Seq, e.Time = 7, epoch
		body := reflect.New(reflect.TypeOf(e.Body)).Elem()
		check := func() {
			e.Body = body.Interface().(ledger.Body)
			agree(t, &d, e)
		}
		check()
		body.Set(reflect.ValueOf(e.Body))
		for i := range body.NumField() {
			f := body.Field(i)
			was := reflect.New(f.Type()).Elem()
			was.Set(f)
			switch {
			case f.Type() == reflect.TypeFor[json.RawMessage]():
				f.SetBytes(nil)
				check()
				for _, raw := range raws {
					f.SetBytes([]byte(raw))
					check()
				}
			case f.Kind() == reflect.String:
				for _, text := range texts {
					f.SetString(text)
					check()
				}
			case f.Kind() == reflect.Int:
				for _, n := range []int64{-3, 0, 12, 1 << 50} {
					f.SetInt(n)
					check()
				}
			case f.Kind() == reflect.Bool:
				f.SetBool(!f.Bool())
				check()
			case f.Type() == reflect.TypeFor[time.Time]():
				f.Set(reflect.ValueOf(epoch))
				check()
			}
			f.Set(was)
		}
	}
	agree(t, &d, ledger.Event{Seq: 1, Time: epoch})
}

func TestADecoderSharesPipelines(t *testing.T) {
	var d ledger.Decoder
	text, err := json.Marshal(everything()[0])
	require.NoError(t, err)
	first, err := d.Decode(text)
	require.NoError(t, err)
	second, err := d.Decode(bytes.Replace(text, []byte(`"id":"shop-1"`), []byte(`"id":"shop-2"`), 1))
	require.NoError(t, err)
	a, b := first.Body.(ledger.Requested), second.Body.(ledger.Requested)
	assert.Equal(t, "shop-2", b.Release.ID)
	assert.Same(t, &a.Pipeline.Stages[0], &b.Pipeline.Stages[0])
	other, err := d.Decode(bytes.Replace(text, []byte(`"name":"shop"`), []byte(`"name":"other"`), 1))
	require.NoError(t, err)
	assert.Equal(t, "other", other.Body.(ledger.Requested).Pipeline.Name)
	for n := range 1000 { // what it remembers has an end
		name := fmt.Sprintf(`"name":"shop-%d"`, n)
		agreeOn(t, &d, bytes.Replace(text, []byte(`"name":"shop"`), []byte(name), 1))
	}
	// A key that comes twice is read as ever, whatever that may be.
	for _, twice := range []string{`"pipeline":{"name":"twice"}`, `"pipeline":{}`, `"pipeline":null`, `"Pipeline":{"stages":[]}`} {
		agreeOn(t, &d, bytes.Replace(text, []byte(`,"inputs":`), []byte(`,`+twice+`,"inputs":`), 1))
	}
}

func FuzzEventJSON(f *testing.F) {
	lines, err := os.ReadFile("testdata/events.jsonl")
	require.NoError(f, err)
	for line := range strings.Lines(string(lines)) {
		f.Add([]byte(strings.TrimSpace(line)))
	}
	f.Add([]byte(`{"seq":1,"time":"2026-01-02T03:00:00Z","type":"checkpoint.saved","stage":"a","attempt":1,"data":{"checkpoint":[1,{"a":"}"}],"heard":01}}`))
	f.Add([]byte(`{"seq":01,"time":"2026-01-02T03:00:00Z","type":"stage.began","stage":"","attempt":-1}`))
	f.Add([]byte(`{"seq":1,"time":"2026-01-02T03:00:00Z","type":"stage.began","stage":"a"}}`))
	f.Add([]byte(`{"seq":1,"time":"2026-01-02T03:00:00Z","type":"detail.noted","stage":"a","data":{"name":"a","data":null}}`))
	f.Add([]byte(`{"seq":1,"time":"2026-01-02T03:00:00Z","type":"stage.ended","data":{"outcome":"failed"},"x":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d ledger.Decoder
		agreeOn(t, &d, text)
		agreeOn(t, &d, text) // what it has learnt changes nothing
		var e ledger.Event
		if json.Unmarshal(text, &e) == nil {
			agree(t, &d, e)
		}
	})
}

func BenchmarkEventJSON(b *testing.B) {
	events := []ledger.Event{
		{Seq: 1, Time: epoch, Stage: "step", Attempt: 1, Body: ledger.Began{}},
		{Seq: 2, Time: epoch, Stage: "step", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
		{Seq: 3, Time: epoch, Stage: "step", Attempt: 1, Body: ledger.Saved{Checkpoint: json.RawMessage(`{"step":2}`)}},
	}
	b.Run("append", func(b *testing.B) {
		var buf []byte
		for n := 0; b.Loop(); n++ {
			buf, _ = events[n%len(events)].AppendJSON(buf[:0])
		}
	})
	b.Run("marshal", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			_, _ = events[n%len(events)].MarshalJSON()
		}
	})
	var texts [][]byte
	for _, e := range events {
		text, err := e.MarshalJSON()
		require.NoError(b, err)
		texts = append(texts, text)
	}
	b.Run("decode", func(b *testing.B) {
		var d ledger.Decoder
		for n := 0; b.Loop(); n++ {
			_, _ = d.Decode(texts[n%len(texts)])
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			var e ledger.Event
			_ = json.Unmarshal(texts[n%len(texts)], &e)
		}
	})
}
