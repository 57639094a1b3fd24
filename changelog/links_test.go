package changelog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/changelog"
)

func TestLinksFor(t *testing.T) {
	const commit = "c0ffee0000"
	for _, c := range []struct {
		remote string
		forge  changelog.Forge
		want   string // the address of a commit
	}{
		{"https://github.com/o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"https://github.com/o/r", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"https://github.com/o/r/", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"https://user:secret@github.com/o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"git@github.com:o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"github.com:o/r", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"git@GitHub.com:/o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"ssh://git@github.com/o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"ssh://git@ssh.github.com:443/o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"git://github.com/o/r.git", "", "https://github.com/o/r/commit/c0ffee0000"},
		{"http://github.corp.example:8080/o/r.name.git", "", "http://github.corp.example:8080/o/r.name/commit/c0ffee0000"},
		{"ssh://git@github.corp.example:2222/o/r.git", "", "https://github.corp.example/o/r/commit/c0ffee0000"},
		{"git@code.example.org:o/r.git", changelog.GitHub, "https://code.example.org/o/r/commit/c0ffee0000"},
		{"git@gitlab.com:g/s/r.git", "", "https://gitlab.com/g/s/r/-/commit/c0ffee0000"},
		{"ssh://git@altssh.gitlab.com:443/g/r.git", "", "https://gitlab.com/g/r/-/commit/c0ffee0000"},
		{"https://gitlab.example.org/g/r.git", "", "https://gitlab.example.org/g/r/-/commit/c0ffee0000"},
		{"https://codeberg.org/o/r.git", "", "https://codeberg.org/o/r/commit/c0ffee0000"},
		{"https://example.org/git/o/r.git", changelog.Gitea, "https://example.org/git/o/r/commit/c0ffee0000"},
		{"git@bitbucket.org:o/r.git", "", "https://bitbucket.org/o/r/commits/c0ffee0000"},
		{"https://bitbucket.corp.example/scm/prj/r.git", "", "https://bitbucket.corp.example/projects/prj/repos/r/commits/c0ffee0000"},
		{"https://corp.example/bb/scm/~ana/r.git", changelog.BitbucketServer, "https://corp.example/bb/users/ana/repos/r/commits/c0ffee0000"},
		{"ssh://git@bitbucket.corp.example:7999/prj/r.git", "", "https://bitbucket.corp.example/projects/prj/repos/r/commits/c0ffee0000"},
	} {
		links, err := changelog.LinksFor(c.remote, c.forge)
		require.NoError(t, err, c.remote)
		assert.NoError(t, links.Validate(), c.remote)
		assert.Equal(t, c.want, links.CommitURL(commit), c.remote)
	}
}

func TestLinksForRefuses(t *testing.T) {
	for remote, why := range map[string]string{
		"":                               "is a folder, which has no pages",
		"/srv/git/r.git":                 "is a folder, which has no pages",
		"../r":                           "is a folder, which has no pages",
		`C:\src\r`:                       "is a folder, which has no pages",
		"C:/src/r":                       "is a folder, which has no pages",
		"file:///srv/git/r.git":          "file:// leads to no pages",
		"ext::sh -c x":                   "cannot be of a host",
		"https://github.com/o":           "a repository of github is owner/name",
		"https://github.com/o/r/tree/x":  "a repository of github is owner/name",
		"https://github.com/o/r?x=1":     "holds more than host and path",
		"https://github.com/o/../r":      "its path is not one of a repository",
		"https://github.com/o/<r>":       "its path is not one of a repository",
		"https://gitlab.com/r":           "a repository of gitlab is group/name, with subgroups or without",
		"https://code.example.org/o/r":   "cannot tell which forge code.example.org is: say which, or write the patterns of its links",
		"https://ana:secret@example.org": "its path is not one of a repository",
		"https:///o/r":                   "has no host that a page could be on",
		"https://git hub.com/o/r":        "is not an address",
	} {
		_, err := changelog.LinksFor(remote, "")
		var refused *changelog.RemoteError
		if remote == "ext::sh -c x" {
			assert.Error(t, err)
			continue
		}
		require.True(t, errors.As(err, &refused), "%s: %v", remote, err)
		assert.Equal(t, why, refused.Why, remote)
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err := changelog.LinksFor("https://example.org/o/r", "sourcehut")
	assert.ErrorContains(t, err, `"sourcehut" is not a forge that is known`)
	_, err = changelog.LinksFor("https://bitbucket.example.org/r", "")
	assert.ErrorContains(t, err, "a repository of bitbucket-server is project/name")
}

func TestLinks(t *testing.T) {
	for forge, want := range map[changelog.Forge]string{
		changelog.GitHub:    "/compare/v1.0.0...v1.1.0 /releases/tag/v1.1.0 /issues/1 /pull/1",
		changelog.GitLab:    "/-/compare/v1.0.0...v1.1.0 /-/tags/v1.1.0 /-/issues/1 /-/issues/1",
		changelog.Gitea:     "/compare/v1.0.0...v1.1.0 /releases/tag/v1.1.0 /issues/1 /pulls/1",
		changelog.Bitbucket: "/branches/compare/v1.1.0%0Dv1.0.0 /src/v1.1.0 /issues/1 /pull-requests/1",
		changelog.BitbucketServer: "/compare/commits?targetBranch=refs/tags/v1.0.0&sourceBranch=refs/tags/v1.1.0 " +
			"/browse?at=refs/tags/v1.1.0  /pull-requests/1",
	} {
		l, err := changelog.LinksFor("https://example.org/o/r", forge)
		require.NoError(t, err)
		got := []string{
			l.CompareURL("v1.0.0", "v1.1.0"), l.TagURL("v1.1.0"),
			l.ReferenceURL(changelog.Reference{Action: "Closes", Target: "#1"}), l.ReferenceURL(changelog.Reference{Target: "#1"}),
		}
		text := strings.Join(got, " ")
		text = strings.NewReplacer("https://example.org/o/r", "", "https://example.org/projects/o/repos/r", "").Replace(text)
		assert.Equal(t, want, text, forge)
	}
	l, err := changelog.LinksFor("https://github.com/o/r", "")
	require.NoError(t, err)
	l.Key = "https://issues.example.org/{key}"
	assert.Equal(t, "https://github.com/p/q/issues/2", l.ReferenceURL(changelog.Reference{Target: "p/q#2"}))
	assert.Equal(t, "https://issues.example.org/ABC-2", l.ReferenceURL(changelog.Reference{Target: "ABC-2"}))
	assert.Equal(t, "https://github.com/o/r/commit/c0ffee0", l.ReferenceURL(changelog.Reference{Target: "c0ffee0"}))
	assert.Equal(t, "", l.ReferenceURL(changelog.Reference{Target: "javascript:x"}))
	assert.Equal(t, "https://github.com/o/r/releases/tag/a/v1%2Bb%23%20%25", l.TagURL("a/v1+b# %"))
	assert.Equal(t, "", l.CompareURL("", "v1"))
	assert.Equal(t, "", l.CommitURL("x"))
	assert.Equal(t, "", changelog.Links{Commit: "javascript:{id}"}.CommitURL("c0ffee0"))
}

func TestLinksValidate(t *testing.T) {
	err := changelog.Links{
		Commit: "https://a.b/", Compare: "https://a.b/{from}", Tag: "javascript:{tag}", Issue: "https://u:p@a.b/{number}",
		Author: "https://a.b/{login}/{x}", Key: "https://a.b/ {key}", Request: "https://{number}", Elsewhere: "https://a.b/{repository}/{number}",
	}.Validate()
	for _, field := range []string{"Commit", "Compare", "Tag", "Issue", "Author", "Key"} {
		assert.ErrorContains(t, err, field+": ")
	}
	assert.NotContains(t, err.Error(), "Elsewhere: ")
	assert.NoError(t, changelog.Links{}.Validate())
}

func TestNotesWithLinks(t *testing.T) {
	d := next(t, since(t, "1.2.3", "feat: add x (#12)\n\nCloses #10, o/r#7\nRefs: ABC-1"), changelog.Policy{})
	l, err := changelog.LinksFor("git@github.com:o/r.git", "")
	require.NoError(t, err)
	n := d.Notes(changelog.NotesOptions{Links: l})
	assert.Equal(t, `## [1.3.0](https://github.com/o/r/compare/v1.2.3...v1.3.0)

### Features

- add x ([#12](https://github.com/o/r/pull/12), Closes [#10](https://github.com/o/r/issues/10), Closes [o/r#7](https://github.com/o/r/issues/7), Refs ABC-1, [0000000100](https://github.com/o/r/commit/00000001000000000000000000000000000000))
`, strings.ReplaceAll(n.Markdown(), d.Reasons[0].ID, "00000001000000000000000000000000000000"))
}
