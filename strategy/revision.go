package strategy

import (
	"strings"
	"unicode/utf8"
)

// Revision is what a group runs: one version of the service, built once, known by its digest.
// Two revisions are the same when both fields are; the zero value means "none".
type Revision struct {
	// Version is the version as people say it, for example "1.4.0".
	Version string `json:"version"`
	// Digest tells the artifact apart, for example "sha256:9f86d0…". It may be empty where a
	// version is never built twice.
	Digest string `json:"digest,omitempty"`
}

// IsZero reports whether there is no revision.
func (r Revision) IsZero() bool { return r == Revision{} }

// besides is the revision as short as it can be told from others: by its version alone, where
// none of them has the same.
func (r Revision) besides(others ...Revision) string {
	if r.Version == "" {
		return r.String()
	}
	for _, o := range others {
		if o != r && o.Version == r.Version {
			return r.String()
		}
	}
	return r.Version
}

// valid reports whether the revision survives being written as JSON.
func (r Revision) valid() bool {
	return utf8.ValidString(r.Version) && utf8.ValidString(r.Digest)
}

// String is the version and the first twelve digits of the digest: "1.4.0@9f86d081884c".
func (r Revision) String() string {
	if r.IsZero() {
		return "none"
	}
	_, digits, found := strings.Cut(r.Digest, ":")
	if !found {
		digits = r.Digest
	}
	if digits == "" {
		return r.Version
	}
	return r.Version + "@" + digits[:min(12, len(digits))]
}

// Role is the part that a group plays in a state.
type Role string

const (
	// Stable is what production runs, and what it goes back to.
	Stable Role = "stable"
	// Baseline is a fresh group of the stable revision beside the candidate, as young and as
	// large as it, so that both can be compared fairly.
	Baseline Role = "baseline"
	// Candidate is what shall become stable.
	Candidate Role = "candidate"
)

// Pool names a set of interchangeable instances. Instances belong to a pool for life; what changes
// is the role which a state gives the pool: a candidate that is promoted becomes stable without a
// restart.
type Pool struct {
	Revision Revision `json:"revision"`
	// Baseline sets the fresh instances of a baseline group apart from the stable ones, which run
	// the same revision.
	Baseline bool `json:"baseline,omitempty"`
}

// String is the pool's revision, with "/baseline" behind it where the pool is one. Metrics are
// labelled with it.
func (p Pool) String() string {
	if p.Baseline {
		return p.Revision.String() + "/baseline"
	}
	return p.Revision.String()
}

// field is the name of the role's field in a State.
func (r Role) field() string {
	switch r {
	case Stable:
		return "Stable"
	case Baseline:
		return "Baseline"
	case Candidate:
		return "Candidate"
	}
	return string(r)
}
