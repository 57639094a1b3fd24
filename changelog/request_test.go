package changelog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestReleaseAs(t *testing.T) {
	type asked struct {
		version, span string
		midBody       bool
	}
	for text, want := range map[string][]asked{
		"chore: go\n\nRelease-As: 3.0.0":                                  {{"3.0.0", "3.0.0", false}},
		"chore: go\n\nrelease-as:  v3.0.0 now":                            {{"3.0.0", "v3.0.0", false}},
		"chore: go\n\nRefs: #1\nRELEASE-AS: V3\r\n":                       {{"3", "V3", false}},
		"chore: go\n\nRelease-As: vast":                                   {{"vast", "vast", false}},
		"chore: go\nRelease-As: 3.0.0":                                    {{"3.0.0", "3.0.0", false}},
		"feat: x\n\nsome text\nRelease-As: 3.0.0\nmore":                   {{"3.0.0", "3.0.0", true}},
		"feat: x (#1)\n\n* chore: go\n\nRelease-As: 3.0.0\n\n* fix: y":    {{"3.0.0", "3.0.0", true}},
		"feat: x\n\nRelease-As: 2.0.0\nRelease-As: 3.0.0":                 {{"2.0.0", "2.0.0", false}, {"3.0.0", "3.0.0", false}},
		"Merge branch 'a'\n\nRelease-As: 2.0.0":                           {{"2.0.0", "2.0.0", false}},
		"docs: x\n\n```\nRelease-As: 3.0.0\n```\n\n    Release-As: 3.0.0": nil,
		"docs: x\n\nwrite Release-As: 3.0.0":                              nil,
		"docs: x\n\nRelease-As #3":                                        nil,
		"docs: x\n\nRelease-As:":                                          nil,
	} {
		m := changelog.Parse(text)
		var got []asked
		midBody := 0
		for _, r := range m.ReleaseAs() {
			got = append(got, asked{r.Version, text[r.Span.Start:r.Span.End], r.MidBody})
			if r.MidBody {
				midBody++
			}
		}
		assert.Equal(t, want, got, "%q", text)
		for _, code := range codes(m) {
			if code == changelog.CodeMidBody {
				midBody--
			}
		}
		assert.Zero(t, midBody, "%q", text)
	}
}

func TestCoAuthors(t *testing.T) {
	text := "feat: x (#1)\n\n* feat: a\n\nCo-authored-by: Ann <ann@example.org>\n\n* fix: b\n\nCO-AUTHORED-BY: \"Bob B.\" <bob@example.org>\n\n" +
		"---------\n\nCo-authored-by: Ann A. <ANN@example.org>\nCo-authored-by: Cee\nCo-Authored-By: Dee <dee@example.org\nSigned-off-by: Eve <eve@example.org>"
	m := changelog.Parse(text)
	people := m.CoAuthors()
	require.Len(t, people, 4)
	for i, want := range [][3]string{
		{"Ann", "ann@example.org", "Ann <ann@example.org>"}, {"Bob B.", "bob@example.org", `"Bob B." <bob@example.org>`},
		{"Cee", "", "Cee"}, {"Dee <dee@example.org", "", "Dee <dee@example.org"},
	} {
		assert.Equal(t, want, [3]string{people[i].Name, people[i].Address, text[people[i].Span.Start:people[i].Span.End]})
	}
	require.Len(t, m.Footers, 4, "what stands below the dashes is of the whole message")
	assert.Equal(t, "Signed-off-by", m.Footers[3].Token)
	require.Len(t, m.Inner, 2)
	assert.Len(t, m.Inner[1].Footers, 1)
	assert.Nil(t, changelog.Parse("feat: x\n\nSigned-off-by: Eve <eve@example.org>").CoAuthors())
}
