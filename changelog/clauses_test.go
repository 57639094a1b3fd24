package changelog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/changelog"
)

// TestClauses has the sixteen clauses of Conventional Commits 1.0.0, each with what it allows
// and what it forbids.
func TestClauses(t *testing.T) {
	footers := func(pairs ...string) []changelog.Footer {
		var all []changelog.Footer
		for i := 0; i < len(pairs); i += 3 {
			all = append(all, changelog.Footer{Token: pairs[i], Separator: pairs[i+1], Value: pairs[i+2]})
		}
		return all
	}
	type want struct {
		Kind                           changelog.Kind
		Type, Scope, Description, Body string
		Bang, Breaking                 bool
		Footers                        []changelog.Footer
		Codes                          []changelog.Code
	}
	conv := func(typ, description string) want {
		return want{Kind: changelog.Conventional, Type: typ, Description: description}
	}
	free := func(header string) want {
		return want{Kind: changelog.Free, Description: header, Codes: []changelog.Code{changelog.CodeHeader}}
	}
	with := func(w want, change func(*want)) want { change(&w); return w }

	const allowed, forbidden = true, false
	seen := map[int][2]bool{}
	for _, tc := range []struct {
		clause     int
		allowed    bool
		name, text string
		want       want
	}{
		{1, allowed, "a type, a colon and a space", "feat: x", conv("feat", "x")},
		{1, allowed, "all optional parts", "feat(api)!: x", with(conv("feat", "x"), func(w *want) { w.Scope, w.Bang, w.Breaking = "api", true, true })},
		{1, forbidden, "no type", ": x", free(": x")},
		{1, forbidden, "no colon", "feat x", free("feat x")},
		{1, forbidden, "no space behind the colon", "feat:x", free("feat:x")},
		{1, forbidden, "a tab behind the colon", "feat:\tx", free("feat:\tx")},
		{1, forbidden, "a space before the colon", "feat : x", free("feat : x")},
		{1, forbidden, "indented", " feat: x", free("feat: x")},
		{1, forbidden, "two words", "new feature: x", free("new feature: x")},
		{1, forbidden, "only the first counts", "chore: feat: x", conv("chore", "feat: x")},
		{2, allowed, "feat", "feat: add", conv("feat", "add")},
		{2, forbidden, "another word for it", "feature: add", conv("feature", "add")},
		{3, allowed, "fix", "fix: mend", conv("fix", "mend")},
		{3, forbidden, "another word for it", "bugfix: mend", conv("bugfix", "mend")},
		{4, allowed, "a scope", "fix(parser): x", with(conv("fix", "x"), func(w *want) { w.Scope = "parser" })},
		{4, allowed, "any noun", "fix(@a/b, c): x", with(conv("fix", "x"), func(w *want) { w.Scope = "@a/b, c" })},
		{4, forbidden, "an empty scope", "fix(): x", free("fix(): x")},
		{4, forbidden, "a blank scope", "fix( ): x", free("fix( ): x")},
		{4, forbidden, "an open scope", "fix(a: x", free("fix(a: x")},
		{4, forbidden, "nested parentheses", "fix(a(b)): x", free("fix(a(b)): x")},
		{4, allowed, "space within", "feat( t ): x", with(conv("feat", "x"), func(w *want) { w.Scope, w.Codes = "t", []changelog.Code{changelog.CodeSpacing} })},
		{5, forbidden, "no description", "fix: ", free("fix:")},
		{5, forbidden, "none at all", "fix:", free("fix:")},
		{5, allowed, "more space", "fix:   x", with(conv("fix", "x"), func(w *want) { w.Codes = []changelog.Code{changelog.CodeSpacing} })},
		{5, allowed, "a short summary", "fix: array parsing issue when multiple spaces were in the string", conv("fix", "array parsing issue when multiple spaces were in the string")},
		{6, allowed, "a body", "fix: x\n\nmore", with(conv("fix", "x"), func(w *want) { w.Body = "more" })},
		{6, forbidden, "no blank line", "fix: x\nmore", with(conv("fix", "x"), func(w *want) { w.Body, w.Codes = "more", []changelog.Code{changelog.CodeBlankLine} })},
		{7, allowed, "paragraphs", "fix: x\n\none\ntwo\n\n  three\n", with(conv("fix", "x"), func(w *want) { w.Body = "one\ntwo\n\n  three" })},
		{7, allowed, "a paragraph like a sentence with a colon", "fix: x\n\nAs it was: bad", with(conv("fix", "x"), func(w *want) { w.Body = "As it was: bad" })},
		{7, forbidden, "an end of the body but by a footer", "fix: x\n\none\n\nRefs: #1\n\ntwo", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Footers = "one", footers("Refs", ": ", "#1\n\ntwo")
		})},
		{8, allowed, "both separators", "fix: x\n\nbody\n\nReviewed-by: Z\nRefs #133", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Footers = "body", footers("Reviewed-by", ": ", "Z", "Refs", " #", "133")
		})},
		{8, allowed, "without a body", "fix: x\n\nReviewed-by: Z", with(conv("fix", "x"), func(w *want) { w.Footers = footers("Reviewed-by", ": ", "Z") })},
		{8, forbidden, "no blank line before", "fix: x\n\nbody\nReviewed-by: Z", with(conv("fix", "x"), func(w *want) { w.Body = "body\nReviewed-by: Z" })},
		{8, forbidden, "no token", "fix: x\n\none(four): test\ntwo: #100", with(conv("fix", "x"), func(w *want) { w.Body = "one(four): test\ntwo: #100" })},
		{8, forbidden, "no value", "fix: x\n\nChanges:\n- a", with(conv("fix", "x"), func(w *want) { w.Body = "Changes:\n- a" })},
		{8, forbidden, "a separator without its space", "fix: x\n\nRefs:#1", with(conv("fix", "x"), func(w *want) { w.Body = "Refs:#1" })},
		{9, forbidden, "white space in a token", "fix: x\n\nAcked by: Z", with(conv("fix", "x"), func(w *want) { w.Body = "Acked by: Z" })},
		{9, allowed, "the exception", "fix: x\n\nBREAKING CHANGE: y", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers = true, footers("BREAKING CHANGE", ": ", "y")
		})},
		{9, allowed, "hyphens", "fix: x\n\nAcked-by: Z", with(conv("fix", "x"), func(w *want) { w.Footers = footers("Acked-by", ": ", "Z") })},
		{10, allowed, "values of several lines", "fix: x\n\nNote: one\n  two: not a token\n\nthree\nRefs: #1", with(conv("fix", "x"), func(w *want) {
			w.Footers = footers("Note", ": ", "one\n  two: not a token\n\nthree", "Refs", ": ", "#1")
		})},
		{10, forbidden, "a value beyond the next footer", "fix: x\n\nNote: one\nAcked-by: Z\nRefs #1", with(conv("fix", "x"), func(w *want) {
			w.Footers = footers("Note", ": ", "one", "Acked-by", ": ", "Z", "Refs", " #", "1")
		})},
		{11, allowed, "in the prefix", "chore!: x", with(conv("chore", "x"), func(w *want) { w.Bang, w.Breaking = true, true })},
		{11, forbidden, "nowhere", "chore: breaking", conv("chore", "breaking")},
		{11, allowed, "as a footer", "chore: x\n\nBREAKING CHANGE: y", with(conv("chore", "x"), func(w *want) {
			w.Breaking, w.Footers = true, footers("BREAKING CHANGE", ": ", "y")
		})},
		{12, forbidden, "lower case", "fix: x\n\nBreaking Change: y", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "Breaking Change: y", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{12, forbidden, "no colon", "fix: x\n\nBREAKING CHANGE this is not one", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "BREAKING CHANGE this is not one", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{12, forbidden, "the other separator", "fix: x\n\nBREAKING CHANGE #1", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "BREAKING CHANGE #1", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{12, forbidden, "no description", "fix: x\n\nBREAKING CHANGE:\n", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers, w.Codes = true, footers("BREAKING CHANGE", ": ", ""), []changelog.Code{changelog.CodeNoValue}
		})},
		{12, allowed, "upper case, colon, space and description", "fix: x\n\nBREAKING CHANGE: environment variables now take precedence", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers = true, footers("BREAKING CHANGE", ": ", "environment variables now take precedence")
		})},
		{13, forbidden, "not right before the colon", "feat! : x", free("feat! : x")},
		{13, forbidden, "before the scope", "feat!(api): x", free("feat!(api): x")},
		{13, forbidden, "within the description", "docs: say that fix!: means major", conv("docs", "say that fix!: means major")},
		{13, allowed, "right before the colon, and no footer", "feat!: x", with(conv("feat", "x"), func(w *want) { w.Bang, w.Breaking = true, true })},
		{13, allowed, "behind the scope", "feat(api)!: x", with(conv("feat", "x"), func(w *want) { w.Scope, w.Bang, w.Breaking = "api", true, true })},
		{13, forbidden, "twice", "feat!!: x", free("feat!!: x")},
		{14, allowed, "other types", "build-deps: x", conv("build-deps", "x")},
		{14, allowed, "letters of any script", "döcs: x", conv("döcs", "x")},
		{14, forbidden, "a type of two words", "build deps: x", free("build deps: x")},
		{15, allowed, "any case", "FeAt: X", conv("feat", "X")},
		{15, allowed, "a footer in any case", "fix: x\n\nreviewed-BY: Z", with(conv("fix", "x"), func(w *want) { w.Footers = footers("reviewed-BY", ": ", "Z") })},
		{15, forbidden, "breaking in another case", "fix: x\n\nBreaking change: y", with(conv("fix", "x"), func(w *want) {
			w.Body, w.Codes = "Breaking change: y", []changelog.Code{changelog.CodeNotBreaking}
		})},
		{16, allowed, "the synonym", "fix: x\n\nBREAKING-CHANGE: y", with(conv("fix", "x"), func(w *want) {
			w.Breaking, w.Footers = true, footers("BREAKING-CHANGE", ": ", "y")
		})},
		{16, forbidden, "the synonym in lower case", "fix: x\n\nbreaking-change: y", with(conv("fix", "x"), func(w *want) {
			w.Footers, w.Codes = footers("breaking-change", ": ", "y"), []changelog.Code{changelog.CodeNotBreaking}
		})},
	} {
		both := seen[tc.clause]
		both[map[bool]int{forbidden: 0, allowed: 1}[tc.allowed]] = true
		seen[tc.clause] = both
		t.Run(fmt.Sprintf("%d: %s", tc.clause, tc.name), func(t *testing.T) {
			m := changelog.Parse(tc.text)
			got := want{
				Kind: m.Kind, Type: m.Type, Scope: m.Scope, Description: m.Description, Body: m.Body,
				Bang: m.Bang, Breaking: m.Breaking(), Codes: codes(m),
			}
			for _, f := range m.Footers {
				got.Footers = append(got.Footers, changelog.Footer{Token: f.Token, Separator: f.Separator, Value: f.Value})
			}
			assert.Equal(t, tc.want, got)
		})
	}
	for clause := 1; clause <= 16; clause++ {
		assert.Equal(t, [2]bool{true, true}, seen[clause], "clause %d", clause)
	}
}
