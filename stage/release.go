package stage

import "time"

// Release is what is known of a release from its start. All that is found out on the way, such as
// the version, is handed on by keys.
type Release struct {
	// ID tells the release from all others in its store, for ever: "shop-2026-11-22-1".
	ID string `json:"id"`
	// Service is what is released.
	Service string `json:"service"`
	// Commit is the source that is released, where that is known from the start.
	Commit string `json:"commit,omitempty"`
	// RequestedBy is who asked for the release.
	RequestedBy string `json:"requested_by,omitempty"`
	// Reason is what they said.
	Reason string `json:"reason,omitempty"`
	// RequestedAt is when the release was recorded, in UTC.
	RequestedAt time.Time `json:"requested_at,omitzero"`
}

// Artifact is something that was built once, and is carried unchanged through all environments.
type Artifact struct {
	// Name says what it is, for people.
	Name string `json:"name,omitempty"`
	// Digest is the hash of its content, as "sha256:" and 64 hexadecimal digits.
	Digest string `json:"digest"`
	// Location is where it lies: an absolute path, or a URI.
	Location string `json:"location"`
	// Size is its size in bytes.
	Size int64 `json:"size,omitempty"`
}

// The keys that ready-made stages hand values on by. A pipeline is free to use others.
var (
	// Version is the version that is released, without a prefix: "1.5.0".
	Version = NewKey[string]("version")
	// Previous is the version before it; empty for the first one.
	Previous = NewKey[string]("previous-version")
	// Notes are the release notes, in Markdown.
	Notes = NewKey[string]("notes")
	// Built is the artifact that is released.
	Built = NewKey[Artifact]("artifact")
)
