package changelog_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

// readings are those that a byte stands for: one bit for each question.
func readings(bits byte) changelog.Reading {
	within := func(bit int) changelog.Within {
		if bits>>bit&1 == 1 {
			return changelog.Ignore
		}
		return changelog.Count
	}
	return changelog.Reading{
		Bullets: within(0), Paragraphs: within(1), Merges: within(2), EmptyScope: within(3), Autosquash: within(4), Unseparated: within(5),
	}
}

func seed(f *testing.F, add func(text string)) {
	for _, tc := range conformances(f) {
		for _, text := range tc.Messages {
			add(text)
		}
	}
	for _, h := range hostile {
		for _, s := range shapes {
			add(s.before + strings.Repeat(h.unit, 3))
		}
	}
}

// FuzzParse holds every message against what the package says of it.
func FuzzParse(f *testing.F) {
	seed(f, func(text string) {
		for _, bits := range []byte{0, 0b000001, 0b000010, 0b111111} {
			f.Add(text, bits)
		}
	})
	f.Fuzz(parsed)
}

// parsed is what holds for every message.
func parsed(t *testing.T, text string, bits byte) {
	how := readings(bits)
	m := changelog.ParseWith(text, how)
	require.Equal(t, m, changelog.ParseWith(text, how))
	holdsTogether(t, text, m)
	placed(t, text, m)
	nothingLost(t, text, m)
	cleaned := changelog.ParseWith(inkOf(text), how)
	require.Equal(t, textsOf(m), textsOf(cleaned), "cleaned before")
	decided(t, text, how)
}

// holdsTogether is about what a message says, and its parts.
func holdsTogether(t *testing.T, text string, m changelog.Message) {
	t.Helper()
	require.Equal(t, m.Kind == changelog.Conventional, m.Type != "")
	if m.Kind != changelog.Conventional && m.Kind != changelog.Reverting {
		require.NotEmpty(t, m.Diagnostics, "not conventional, and nothing says why")
	}
	require.Equal(t, m.Breaking(), len(m.BreakingNotes()) > 0)
	require.Equal(t, strings.ToLower(m.Type), m.Type)
	for _, part := range textsOf(m) {
		require.True(t, utf8.ValidString(part))
		require.NotContains(t, part, "\r")
		require.False(t, strings.ContainsFunc(part, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }), "%q", part)
		require.Equal(t, strings.TrimSpace(part), part)
	}
	require.NotContains(t, m.Header, "\n")
	for _, inner := range m.Inner {
		require.NotContains(t, inner.Header, "\n")
		require.Empty(t, inner.Inner)
		require.Empty(t, inner.Diagnostics)
		require.Contains(t, []changelog.Kind{changelog.Conventional, changelog.Reverting}, inner.Kind)
	}
	for _, d := range m.Diagnostics {
		require.True(t, d.Span.Start >= 0 && d.Span.Start <= d.Span.End && d.Span.End <= len(text), "%+v", d)
		require.NotEmpty(t, d.Text)
		require.NotEmpty(t, d.Code)
	}
	for _, p := range m.CoAuthors() {
		require.True(t, p.Span.Start >= 0 && p.Span.Start <= p.Span.End && p.Span.End <= len(text))
	}
	for _, r := range m.ReleaseAs() {
		require.Contains(t, []string{r.Version, "v" + r.Version, "V" + r.Version}, inkOf(text[r.Span.Start:r.Span.End]))
	}
	require.LessOrEqual(t, len(m.References()), 1024)
	require.NotEmpty(t, m.Changes())
}

// placed: the parts stand where they are said to, in their order.
func placed(t *testing.T, text string, m changelog.Message) {
	t.Helper()
	require.Equal(t, changelog.Span{End: len(text)}, m.Span)
	end := 0
	for _, one := range append([]changelog.Message{m}, m.Inner...) {
		if one.Span.Start > 0 || one.Span.End < len(text) {
			require.LessOrEqual(t, end, one.Span.Start)
			end = one.Span.End
		}
		at := 0
		in := func(s changelog.Span, part string) {
			require.True(t, one.Span.Start <= s.Start && s.Start <= s.End && s.End <= one.Span.End || s == changelog.Span{}, "%v outside of %v", s, one.Span)
			require.Equal(t, inkOf(text[s.Start:s.End]), part)
			if s != (changelog.Span{}) {
				require.LessOrEqual(t, at, s.Start)
				at = s.End
			}
		}
		in(one.At.Header, one.Header)
		if at = 0; one.Kind == changelog.Conventional {
			typ := one.At.Type
			require.Equal(t, one.Type, strings.ToLower(text[typ.Start:typ.End]))
			in(typ, text[typ.Start:typ.End])
			in(one.At.Scope, one.Scope)
			require.Equal(t, one.Bang, text[one.At.Bang.Start:one.At.Bang.End] == "!")
			in(one.At.Bang, map[bool]string{true: "!"}[one.Bang])
		}
		in(one.At.Description, one.Description)
		in(one.At.Body, one.Body)
		for _, f := range one.Footers {
			start := at
			in(f.ValueSpan, f.Value)
			at = start
			in(f.Span, inkOf(text[f.Span.Start:f.Span.End]))
			require.True(t, strings.HasPrefix(text[f.Span.Start:], f.Token))
		}
	}
}

// nothingLost: all that is not white space belongs to a part, but for bullets, lines of dashes, and a byte order mark.
func nothingLost(t *testing.T, text string, m changelog.Message) {
	t.Helper()
	for _, d := range m.Diagnostics {
		if d.Code == changelog.CodeAfterFooter || d.Code == changelog.CodeMore {
			return
		}
	}
	left := []byte(text)
	cover := func(s changelog.Span) {
		for i := s.Start; i < s.End; i++ {
			left[i] = ' '
		}
	}
	for _, one := range append([]changelog.Message{m}, m.Inner...) {
		cover(one.At.Header)
		cover(one.At.Body)
		for _, f := range one.Footers {
			cover(f.Span)
		}
		if one.Span.End < len(text) || one.Span.Start > 0 {
			require.Contains(t, "* ", string(left[one.Span.Start]))
			left[one.Span.Start] = ' '
		}
	}
	rest := strings.TrimPrefix(string(left), "\uFEFF")
	for line := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" && (len(line) < 3 || strings.Trim(line, "-") != "") {
			t.Fatalf("%q is lost", line)
		}
	}
}

// decided: the commit counts or is skipped, once, and nothing of it gets out of its place in the notes.
func decided(t *testing.T, text string, how changelog.Reading) {
	t.Helper()
	plan, err := changelog.Decide(changelog.History{Commits: []changelog.Commit{{ID: "676104e1", Text: text}}}, changelog.Policy{Messages: how})
	if len(changelog.ParseWith(text, how).ReleaseAs()) == 0 {
		require.NoError(t, err)
	}
	d := plan.Components[0]
	require.Equal(t, 1, len(d.Reasons)+len(d.Skipped), "the commit is lost")
	notes := d.Notes(changelog.NotesOptions{Other: true}).Markdown()
	for line := range strings.SplitSeq(notes, "\n") {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "## ") && !strings.HasPrefix(line, "### ") {
			t.Fatalf("a heading from a message: %q", line)
		}
	}
	require.False(t, strings.ContainsAny(strings.ReplaceAll(notes, "\u2060", ""), "\r\x00\x1b"), "control characters in %q", notes)
}

// textsOf are all texts of a message.
func textsOf(m changelog.Message) []string {
	texts := []string{m.Header, m.Type, m.Scope, m.Description, m.Body}
	for _, f := range m.Footers {
		texts = append(texts, f.Token, f.Value)
	}
	for _, inner := range m.Inner {
		texts = append(texts, textsOf(inner)...)
	}
	return texts
}

// inkOf is the text as a message may hold it, in the simplest way.
func inkOf(text string) string {
	text = regexp.MustCompile("\r+\n").ReplaceAllString(text, "\n")
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '\r':
			b.WriteByte('\n')
		case r == '\v', r == '\f', r == '\u0085':
			b.WriteByte('\t')
		case r == utf8.RuneError, unicode.IsControl(r) && r != '\n' && r != '\t':
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteString(text[i : i+utf8.RuneLen(r)])
		}
	}
	return b.String()
}

// plainHeader is the header of the specification as one pattern.
var plainHeader = regexp.MustCompile(`(?s)^([\p{L}\p{Nd}][-\p{L}\p{Nd}_./+]*)(?:\(([^()]*)\))?(!)?: (.*)$`)

// FuzzHeader compares the header with one that is read by a pattern.
func FuzzHeader(f *testing.F) {
	seed(f, func(text string) { f.Add(text) })
	for _, text := range []string{"feat(a)!: x", "a()!: x", "a( )!:  x", "a(b): \u3000", "ä0/._+-(\u00a0b): c", "-a: b", "a!!: b", "a: b: c", "a(b)(c): d", "a(b", "9: x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := changelog.Parse(text)
		if m.Kind != changelog.Conventional && m.Kind != changelog.Free {
			return
		}
		header := ""
		for line := range strings.SplitSeq(strings.TrimPrefix(inkOf(text), "\uFEFF"), "\n") {
			if header = line; strings.TrimSpace(line) != "" {
				break
			}
		}
		parts := plainHeader.FindStringSubmatch(header)
		scoped := parts != nil && strings.Contains(header[:len(header)-len(parts[4])], "(")
		if parts == nil || strings.TrimSpace(parts[4]) == "" || scoped && strings.TrimSpace(parts[2]) == "" {
			require.Equal(t, changelog.Free, m.Kind, "%q", header)
			return
		}
		want := [4]string{strings.ToLower(parts[1]), strings.TrimSpace(parts[2]), parts[3], strings.TrimSpace(parts[4])}
		got := [4]string{m.Type, m.Scope, map[bool]string{true: "!"}[m.Bang], m.Description}
		require.Equal(t, want, got, "%q", header)
	})
}
