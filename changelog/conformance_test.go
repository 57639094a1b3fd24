package changelog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// conformance is a case of testdata/messages.json, which says what its members mean.
type conformance struct {
	Row      string           `json:"row"`
	Name     string           `json:"name"`
	Previous string           `json:"previous"`
	Messages []string         `json:"messages"`
	Policy   changelog.Policy `json:"policy"`
	Want     map[string]any   `json:"want"`
}

func conformances(t testing.TB) []conformance {
	t.Helper()
	raw, err := os.ReadFile("testdata/messages.json")
	require.NoError(t, err)
	var file struct {
		About []string      `json:"about"`
		Cases []conformance `json:"cases"`
	}
	in := json.NewDecoder(bytes.NewReader(raw))
	in.DisallowUnknownFields()
	require.NoError(t, in.Decode(&file))
	for i := range file.Cases {
		c := &file.Cases[i]
		if c.Previous == "" {
			c.Previous = "1.2.3"
		}
		for k, text := range c.Messages {
			for n := range c.Messages {
				of := fmt.Sprintf("%07x%033x", 0xabc0000+n, n)
				text = strings.NewReplacer(fmt.Sprintf("{%d}", n), of, fmt.Sprintf("{%d:6}", n), of[:6], fmt.Sprintf("{%d:7}", n), of[:7],
					fmt.Sprintf("{%d:8}", n), of[:8], fmt.Sprintf("{%d:U}", n), strings.ToUpper(of)).Replace(text)
			}
			c.Messages[k] = text
		}
	}
	return file.Cases
}

// TestConformance runs the cases of testdata/messages.json.
func TestConformance(t *testing.T) {
	cases := conformances(t)
	require.GreaterOrEqual(t, len(cases), 150)
	names := map[string]bool{}
	for _, tc := range cases {
		require.False(t, names[tc.Name], tc.Name)
		names[tc.Name] = true
		t.Run(tc.Name, func(t *testing.T) {
			h := since(t, tc.Previous, tc.Messages...)
			for i := range h.Commits {
				n := len(h.Commits) - 1 - i
				h.Commits[i].ID = fmt.Sprintf("%07x%033x", 0xabc0000+n, n)
			}
			plan, err := changelog.Decide(h, tc.Policy)
			if part, ok := tc.Want["error"]; ok {
				require.ErrorContains(t, err, part.(string))
				require.Len(t, tc.Want, 1)
				return
			}
			require.NoError(t, err)
			how := tc.Policy.Messages
			how.Types = append(how.Types, slices.Sorted(maps.Keys(tc.Policy.Types))...)
			got := membersOf(changelog.ParseWith(tc.Messages[len(tc.Messages)-1], how))
			d := plan.Components[0]
			notes := d.Notes(changelog.NotesOptions{})
			got["next"], got["notes"] = "", []any{}
			if d.Next != nil {
				got["next"] = d.Next.String()
			}
			for _, s := range notes.Sections {
				for _, item := range s.Items {
					got["notes"] = append(got["notes"].([]any), string(s.Kind)+": "+item.Text)
				}
			}
			if part, ok := tc.Want["markdown"]; ok {
				assert.Contains(t, notes.Markdown(), part)
				delete(tc.Want, "markdown")
			}
			assert.Equal(t, tc.Want, asked(got, tc.Want))
		})
	}
}

// membersOf is all that a case can ask about a message, as JSON has it.
func membersOf(m changelog.Message) map[string]any {
	list := func() []any { return []any{} }
	got := map[string]any{
		"kind": string(m.Kind), "header": m.Header, "type": m.Type, "scope": m.Scope, "bang": m.Bang, "description": m.Description, "body": m.Body,
		"footers": list(), "breaking": list(), "references": list(), "co_authors": list(), "release_as": list(), "codes": list(), "inner": list(),
	}
	add := func(key string, value any) { got[key] = append(got[key].([]any), value) }
	for _, f := range m.Footers {
		add("footers", []any{f.Token, f.Separator, f.Value})
	}
	for _, note := range m.BreakingNotes() {
		add("breaking", note)
	}
	for _, r := range m.References() {
		add("references", []any{r.Action, r.Target})
	}
	for _, p := range m.CoAuthors() {
		add("co_authors", []any{p.Name, p.Address})
	}
	for _, r := range m.ReleaseAs() {
		add("release_as", r.Version)
	}
	for _, code := range codes(m) {
		add("codes", string(code))
	}
	for _, inner := range m.Inner {
		add("inner", membersOf(inner))
	}
	return got
}

// asked is the part of what was got that is wanted.
func asked(got, want map[string]any) map[string]any {
	part := map[string]any{}
	for key, wanted := range want {
		part[key] = got[key]
		list, ok := wanted.([]any)
		has, _ := got[key].([]any)
		if key != "inner" || !ok || len(list) != len(has) {
			continue
		}
		var inner []any
		for i := range list {
			inner = append(inner, asked(has[i].(map[string]any), list[i].(map[string]any)))
		}
		if inner != nil {
			part[key] = inner
		}
	}
	return part
}
