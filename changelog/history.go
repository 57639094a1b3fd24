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
}

// History is what Next looks at: the last release and what has come since.
type History struct {
	// Head is the id of the commit that shall be released. It is only handed on.
	Head string
	// Previous is the last release: a version without pre-release part. Zero: there is none yet.
	Previous Tag
	// PreviousWhy says why it is that one. It is only handed on.
	PreviousWhy string
	// Tags are all tags that hold a version. Next never answers with one of them, nor with less
	// than a reachable one.
	Tags []Tag
	// Ignored are the tags that look like versions and are none. They are only handed on.
	Ignored []IgnoredTag
	// Commits are all commits since Previous, each once, children before their parents.
	Commits []Commit
}
