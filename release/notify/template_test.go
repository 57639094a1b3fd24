package notify_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// How each kind reads by default is in testdata: read it as the people do who get it.
func TestDefaultWords(t *testing.T) {
	var b strings.Builder
	for _, k := range notify.Kinds() {
		m := notify.Sample(k)
		b.WriteString("== " + string(k) + " (" + m.Severity.String() + ")\n" + m.Subject + "\n\n" + m.Text + "\n")
	}
	name := filepath.Join("testdata", "words.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func TestTemplates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Groups[0].Recipients[0].Zone = "Europe/Berlin"
		o.Templates = map[notify.Kind]notify.Template{notify.ReleaseSucceeded: {Subject: "{{.Name}} is out"}}
		o.Rules = []notify.Rule{
			{Name: "own", Kinds: []string{"stage.began"}, To: []string{"team"}, Template: notify.Template{Text: "{{.Stage}} at {{.Local .Time}}"}},
			{Name: "all", To: []string{"team"}},
		}
		written(t, store, "shop-1", 1)
		begin(t, o)
		time.Sleep(time.Minute)
		got := ch.got()
		require.Len(t, got, 4)
		assert.Equal(t, "shop (shop-1), s0 begins", got[1].Subject)
		assert.Equal(t, "s0 at Sat 1 Jan 2000 01:00 CET\n", got[1].Text)
		assert.Equal(t, "shop (shop-1) is out", got[3].Subject)
		assert.Contains(t, got[3].Text, "shop (shop-1) is released.")
	})
}

// A template that fails on what is real, though it did not when it was tried out, holds nothing up: the default says it instead.
func TestATemplateThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		o := plain(store, map[string]notify.Channel{"room": ch})
		o.Rules[0].Template = notify.Template{Subject: "{{slice .Release.ID 7}}", Text: `{{if eq .Release.ID "shop-1"}}{{slice .Release.ID 7}}{{end}}fine`}
		written(t, store, "shop-1", 0+1)
		begin(t, o)
		time.Sleep(time.Minute)
		require.Len(t, ch.got(), 4)
		assert.Equal(t, "shop (shop-1) begins, asked for by ada", ch.got()[0].Subject)
		assert.Contains(t, ch.got()[0].Text, "(The template for this message failed:")
	})
}

// Whatever a stage says, a message has one line of subject, no control characters, and an end.
func FuzzText(f *testing.F) {
	f.Add("a\r\nBcc: x", 10)
	f.Add("\x1b[31mred\u202eder", 200)
	f.Add(strings.Repeat("ü", 300), 200)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = max(8, most%1000)
		one := notify.Line(text, most)
		assert.LessOrEqual(t, utf8.RuneCountInString(one), most)
		assert.NotContains(t, one, "\n")
		many := notify.Plain(text, most)
		assert.LessOrEqual(t, len(many), most)
		for _, s := range []string{one, many} {
			assert.True(t, utf8.ValidString(s))
			assert.False(t, strings.ContainsAny(s, "\r\x00\x1b\u202e\u2066"))
		}
	})
}
