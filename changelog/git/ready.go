package git

import (
	"context"
	"errors"
)

// Check fails with ErrIdentity where nobody is known who commits, and with ErrSigning where a commit cannot be signed. To find that
// out it signs a commit that belongs to no branch, and that git forgets in time.
func (c Committer) Check(ctx context.Context) error {
	return c.Repository.ready(ctx, c.Identity, c.Sign, c.Key)
}

// Check fails with ErrIdentity where nobody is known who tags, and with ErrSigning where a tag cannot be signed. To find that
// out it signs a commit that belongs to no branch, and that git forgets in time.
func (t Tagger) Check(ctx context.Context) error {
	switch {
	case t.Lightweight && t.Sign:
		return errLightweight
	case t.Lightweight:
		return nil // it has no name
	}
	return t.Repository.ready(ctx, t.Identity, t.Sign, t.Key)
}

// Check fails where nobody can tell which branch a commit is pushed to. It does not ask the remote.
func (m Remote) Check(ctx context.Context) error {
	_, err := m.branch(ctx)
	return err
}

var errLightweight = errors.New("git tag: a tag that is signed cannot be lightweight")

// ready fails where an identity is not complete, or where nothing can be signed.
func (r *Repository) ready(ctx context.Context, who Identity, sign bool, key string) error {
	for _, role := range []string{"GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"} {
		if err := r.change(ctx, who, "", "var", role); err != nil {
			return err
		}
	}
	if !sign {
		return nil
	}
	return r.change(ctx, who, "a trial of the signing key\n", "commit-tree", "--gpg-sign="+key, "HEAD^{tree}")
}
