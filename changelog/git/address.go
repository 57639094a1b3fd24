package git

import (
	"context"
	"errors"
	"os/exec"
	"strings"
)

// Address is where a remote of that name is fetched from, as changelog.LinksFor reads it: "https://host/owner/name.git", or a
// folder. It is "" where there is no such remote. It may hold a name and a password.
func (r *Repository) Address(ctx context.Context, remote string) (string, error) {
	out, err := r.output(ctx, "remote", "get-url", "--", remote)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 { // there is no such remote
		return "", nil
	}
	return strings.TrimSpace(out), err
}
