package document_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/document"
)

// kept reports whether a text holds all lines of another one, in their order.
func kept(before, after string) bool {
	lines := strings.Split(after, "\n")
	for line := range strings.SplitSeq(before, "\n") {
		at := slices.Index(lines, line)
		if at < 0 {
			at = slices.Index(lines, line+"\r") // the last line, which had no end
		}
		if at < 0 {
			return false
		}
		lines = lines[at+1:]
	}
	return true
}

// FuzzDocument edits any text in any way. What is asked for is there afterwards, a second time changes nothing, and
// no byte is lost that the edit is not about.
func FuzzDocument(f *testing.F) {
	files, err := filepath.Glob("testdata/*.md")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add(sample)
	f.Fuzz(func(t *testing.T, text string) {
		if got := document.Parse(text).String(); got != text {
			t.Fatalf("printed %q", got)
		}
		fresh := semver.MustParse("1.2.1-fuzz.7")
		n := notes("1.2.1-fuzz.7", "features add x (#12) c0ffee0001", "breaking drop `y` c0ffee0002", "fixes z c0ffee0003")
		edits := map[string]func(*document.Document) error{
			"upsert":  func(d *document.Document) error { return d.Upsert(n, document.Options{}) },
			"nothing": func(d *document.Document) error { return d.Upsert(notes("1.2.1-fuzz.7"), document.Options{}) },
			"unreleased": func(d *document.Document) error {
				return d.Upsert(notes("", "fixes z c0ffee0003", "other w c0ffee0004"), document.Options{})
			},
			"release": func(d *document.Document) error { return d.Release(fresh, today, document.Options{}) },
		}
		for _, v := range document.Parse(text).Versions() {
			if v.Version != nil {
				edits["yank"] = func(d *document.Document) error { return d.Yank(v.Version, "bad") }
				edits["again"] = func(d *document.Document) error {
					return d.Upsert(changelog.Notes{Version: v.Version, Date: today, Sections: n.Sections}, document.Options{})
				}
				edits["nothing again"] = func(d *document.Document) error {
					return d.Upsert(changelog.Notes{Version: v.Version}, document.Options{})
				}
				edits["release again"] = func(d *document.Document) error { return d.Release(v.Version, today, document.Options{}) }
				break
			}
		}
		for name, edit := range edits { // each on its own
			d := document.Parse(text)
			if err := edit(d); err != nil {
				if d.String() != text {
					t.Fatalf("%s failed with %v and left %q", name, err, d.String())
				}
				continue
			}
			once := d.String()
			if err := edit(d); err != nil || d.String() != once {
				t.Fatalf("%s twice: %v\n%q\n%q", name, err, once, d.String())
			}
			if document.Parse(once).String() != once {
				t.Fatalf("%s: not what a fresh document says", name)
			}
			if _, had := document.Parse(text).Notes(fresh); name == "upsert" && !had {
				if _, ok := d.Notes(fresh); !ok {
					t.Fatalf("upsert: the version is not there: %q", once)
				}
				if !strings.Contains(text, "]:") && !strings.Contains(text, "](") && strings.Trim(text, "\ufeff \t\r\n") != "" && !kept(text, once) {
					t.Fatalf("upsert lost something:\n%q\n%q", text, once)
				}
			}
		}
	})
}
