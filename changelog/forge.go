package changelog

import (
	"fmt"
	"net/url"
	"strings"
)

// Forge is a kind of site that repositories live on.
type Forge string

const (
	GitHub Forge = "github"
	GitLab Forge = "gitlab"
	// Gitea is Gitea and Forgejo, which has the same addresses.
	Gitea Forge = "gitea"
	// Bitbucket is bitbucket.org.
	Bitbucket Forge = "bitbucket"
	// BitbucketServer is Bitbucket Data Center, which companies run themselves.
	BitbucketServer Forge = "bitbucket-server"
)

// RemoteError says why no links can be told from the address of a remote repository.
type RemoteError struct {
	// Remote is the address, without the name and the password that may be in it.
	Remote string
	// Why is what is wrong with it.
	Why string
}

func (e *RemoteError) Error() string { return fmt.Sprintf("remote %q: %s", e.Remote, e.Why) }

// LinksFor tells the addresses of a repository's pages from that of its remote, as git knows it:
// "https://host/owner/name.git", "ssh://git@host:22/owner/name.git", "git@host:owner/name". A port of
// https is kept, one of ssh is not, because pages are served by another one. An empty forge is found by
// the host: github.com, gitlab.com, bitbucket.org, codeberg.org, gitea.com, and hosts with github,
// gitlab, gitea, forgejo or bitbucket as one of the parts of their name.
//
// It fails with a *RemoteError for a folder, for a path that cannot be of a repository, and for a
// host whose forge nobody can tell.
func LinksFor(remote string, forge Forge) (Links, error) {
	site, err := siteOf(remote)
	if err != nil {
		return Links{}, err
	}
	if forge == "" {
		if forge = forgeOf(site.host); forge == "" {
			return Links{}, site.refuse("cannot tell which forge %s is: say which, or write the patterns of its links", site.host)
		}
	}
	switch forge {
	case GitHub, Gitea, Bitbucket:
		// Gitea may be served from a folder, which only a web address tells.
		if n := len(site.path); n != 2 && (forge != Gitea || !site.web || n < 2) {
			return Links{}, site.refuse("a repository of %s is owner/name", forge)
		}
	case GitLab:
		if len(site.path) < 2 {
			return Links{}, site.refuse("a repository of %s is group/name, with subgroups or without", forge)
		}
	case BitbucketServer:
		return site.bitbucketServer()
	default:
		return Links{}, site.refuse("%q is not a forge that is known: write the patterns of its links", string(forge))
	}
	return site.links(forge), nil
}

// site is where a repository lives.
type site struct {
	scheme, host, port string
	path               []string
	web                bool // the remote is itself an address of the web
	shown              string
}

func (s site) refuse(format string, args ...any) error {
	return &RemoteError{Remote: s.shown, Why: fmt.Sprintf(format, args...)}
}

// siteOf takes the address of a remote apart.
func siteOf(remote string) (site, error) {
	s := site{scheme: "https", shown: withoutUser(remote)}
	var path string
	if before, after, ok := strings.Cut(remote, "://"); ok {
		u, err := url.Parse(remote)
		if err != nil || u.Opaque != "" {
			return s, s.refuse("is not an address")
		}
		switch before {
		case "https", "http":
			s.scheme, s.port, s.web = before, u.Port(), true
		case "ssh", "git", "git+ssh", "ssh+git":
		default:
			return s, s.refuse("%s:// leads to no pages", before)
		}
		s.host, path = strings.ToLower(u.Hostname()), u.Path
		if strings.ContainsAny(after, "?#") {
			return s, s.refuse("holds more than host and path")
		}
	} else {
		address, rest, ok := strings.Cut(remote, ":")
		if !ok || strings.ContainsAny(address, `/\`) || len(address) < 2 { // a folder, perhaps on drive C:
			return s, s.refuse("is a folder, which has no pages")
		}
		s.host, path = strings.ToLower(address[strings.LastIndexByte(address, '@')+1:]), rest
	}
	if alternative, ok := strings.CutPrefix(s.host, "ssh.github."); ok { // ssh by the port of https
		s.host = "github." + alternative
	}
	s.host = strings.TrimPrefix(s.host, "altssh.")
	if s.host == "" || !isAll(s.host, isHost) {
		return s, s.refuse("has no host that a page could be on")
	}
	for part := range strings.SplitSeq(strings.Trim(strings.TrimSuffix(strings.TrimRight(path, "/"), ".git"), "/"), "/") {
		if part == "." || part == ".." || !isAll(part, isPathPart) {
			return s, s.refuse("its path is not one of a repository")
		}
		s.path = append(s.path, part)
	}
	return s, nil
}

func isHost(c byte) bool     { return isSlug(c) || c == '.' }
func isPathPart(c byte) bool { return isSlug(c) || c == '.' || c == '_' || c == '~' || c == '+' }

// withoutUser takes name and password out of an address, which are secrets.
func withoutUser(remote string) string {
	scheme, rest, ok := strings.Cut(remote, "://")
	if !ok {
		scheme, rest = "", remote
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if !ok {
		return rest
	}
	return scheme + "://" + rest
}

// forgeOf tells a forge by its host.
func forgeOf(host string) Forge {
	switch host {
	case "codeberg.org":
		return Gitea
	case "bitbucket.org":
		return Bitbucket
	}
	for label := range strings.SplitSeq(host, ".") {
		switch label {
		case "github":
			return GitHub
		case "gitlab":
			return GitLab
		case "gitea", "forgejo":
			return Gitea
		case "bitbucket":
			return BitbucketServer
		}
	}
	return ""
}

func (s site) root() string {
	if s.port != "" {
		return s.scheme + "://" + s.host + ":" + s.port
	}
	return s.scheme + "://" + s.host
}

func (s site) links(forge Forge) Links {
	root, n := s.root(), len(s.path)
	if forge == Gitea && n > 2 {
		root += "/" + strings.Join(s.path[:n-2], "/")
		s.path = s.path[n-2:]
	}
	at := root + "/" + strings.Join(s.path, "/")
	switch forge {
	case GitLab:
		own := at + "/-"
		return Links{
			Commit: own + "/commit/{id}", Compare: own + "/compare/{from}...{to}", Tag: own + "/tags/{tag}",
			Issue: own + "/issues/{number}", Elsewhere: root + "/{repository}/-/issues/{number}", Author: root + "/{login}",
		}
	case Bitbucket:
		return Links{
			Commit: at + "/commits/{id}", Compare: at + "/branches/compare/{to}%0D{from}", Tag: at + "/src/{tag}",
			Issue: at + "/issues/{number}", Request: at + "/pull-requests/{number}", Elsewhere: root + "/{repository}/issues/{number}",
		}
	case Gitea:
		return Links{
			Commit: at + "/commit/{id}", Compare: at + "/compare/{from}...{to}", Tag: at + "/releases/tag/{tag}",
			Issue: at + "/issues/{number}", Request: at + "/pulls/{number}", Elsewhere: root + "/{repository}/issues/{number}", Author: root + "/{login}",
		}
	}
	return Links{
		Commit: at + "/commit/{id}", Compare: at + "/compare/{from}...{to}", Tag: at + "/releases/tag/{tag}",
		Issue: at + "/issues/{number}", Request: at + "/pull/{number}", Elsewhere: root + "/{repository}/issues/{number}", Author: root + "/{login}",
	}
}

// bitbucketServer has projects and users, and an scm folder in its web addresses. It has no issues.
func (s site) bitbucketServer() (Links, error) {
	path, folder := s.path, ""
	for i, part := range path {
		if s.web && part == "scm" && len(path) == i+3 {
			if i > 0 {
				folder = "/" + strings.Join(path[:i], "/")
			}
			path = path[i+1:]
			break
		}
	}
	if len(path) != 2 {
		return Links{}, s.refuse("a repository of %s is project/name", BitbucketServer)
	}
	at := s.root() + folder
	if owner, personal := strings.CutPrefix(path[0], "~"); personal {
		at += "/users/" + owner + "/repos/" + path[1]
	} else {
		at += "/projects/" + path[0] + "/repos/" + path[1]
	}
	return Links{
		Commit: at + "/commits/{id}", Tag: at + "/browse?at=refs/tags/{tag}",
		Compare: at + "/compare/commits?targetBranch=refs/tags/{from}&sourceBranch=refs/tags/{to}",
		Request: at + "/pull-requests/{number}", Author: s.root() + folder + "/users/{login}",
	}, nil
}
