package git

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// listingFormat has, of an annotated tag, the object that it points at behind the star.
const listingFormat = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)"

// listing lets git list references under patterns, with their full names, as described does. An empty pattern stands for none.
func (r *Repository) listing(ctx context.Context, pattern, another string) (refs []changelog.Ref, nested, undated []int, err error) {
	args := []string{"for-each-ref", listingFormat, pattern}
	if another != "" {
		args = append(args, another)
	}
	out, err := r.output(ctx, args...)
	if err != nil {
		return nil, nil, nil, err
	}
	refs = make([]changelog.Ref, 0, strings.Count(out, "\n"))
	for line := range strings.Lines(out) {
		var f [6]string
		rest, ok := strings.TrimSuffix(line, "\n"), true
		for i := range f {
			if !ok {
				return nil, nil, nil, fmt.Errorf("git for-each-ref: unexpected line %q", line)
			}
			f[i], rest, ok = strings.Cut(rest, "\x00")
		}
		ref := changelog.Ref{Name: f[0], Object: f[1], Commit: f[2]}
		if ref.Object == "tag" {
			ref.Object, ref.Commit = f[3], f[4]
		}
		if made, err := strconv.ParseInt(f[5], 10, 64); err == nil && made != 0 {
			ref.Time = time.Unix(made, 0).UTC()
		} else {
			undated = append(undated, len(refs))
		}
		switch ref.Object {
		case "tag":
			nested = append(nested, len(refs))
		case "commit":
		default:
			ref.Commit = ""
		}
		refs = append(refs, ref)
	}
	return refs, nested, undated, nil
}
