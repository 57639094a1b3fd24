package changelog

import "time"

// Commit is one commit of a history.
type Commit struct {
	// ID is the commit's full id, in hexadecimal.
	ID string `json:"commit"`
	// Parents are the ids of the commits that it follows; a merge has more than one.
	Parents []string `json:"parents,omitempty"`
	// Author and AuthorEmail say who wrote the change, and Authored when.
	Author      string    `json:"author,omitempty"`
	AuthorEmail string    `json:"author_email,omitempty"`
	Authored    time.Time `json:"authored,omitzero"`
	// Committed is when the commit got its place in the history.
	Committed time.Time `json:"committed,omitzero"`
	// Text is the whole message.
	Text string `json:"message"`
	// Paths are the files that it changes against its first parent, from the root of the repository, with
	// slashes. Only policies with paths look at them.
	Paths []string `json:"paths,omitempty"`
}

// History is what Decide looks at: where the repository stands, its tags, and its latest commits.
type History struct {
	// Head is the id of the commit that shall be released.
	Head string
	// Branch is the branch that is to be released from: "main", "1.x". Empty: none, as on a detached head.
	Branch string
	// Tags are all tags of the repository, in any order.
	Tags []Ref
	// Commits are commits that can be reached from Head, each once, children before their parents: at
	// least all that have come since the last release of any component. More do no harm.
	Commits []Commit
}

// Ref is a tag as it stands in a repository, whether it holds a version or not.
type Ref struct {
	// Name is the tag without refs/tags/.
	Name string `json:"tag"`
	// Commit is the id of the commit that it points at in the end. Empty: it points at something else.
	Commit string `json:"commit,omitempty"`
	// Object is what it points at: "commit", which is the default, "tree" or "blob".
	Object string `json:"object,omitempty"`
	// Time is when it was made, or, where it does not say, when its commit was. Zero: unknown.
	Time time.Time `json:"time,omitzero"`
	// Reachable says that Commit is Head or an ancestor of it. It may be left out where Commit is among
	// the Commits, which say it themselves, and for versions below the last release of their component.
	Reachable bool `json:"reachable,omitempty"`
	// Fork are the newest common ancestors of Commit and Head, where the tag is not Reachable and counts nonetheless,
	// see Reach. They may be left out where the Commits hold nothing that Commit has among its ancestors.
	Fork []string `json:"fork,omitempty"`
}

// shortID is an id as people read it.
func shortID(id string) string { return id[:min(len(id), 10)] }
