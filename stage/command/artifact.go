package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/davit-sdk/davit/stage"
)

// built hands on the artifact of an earlier attempt, if there is one and the file is still the same.
func built(ctx context.Context, t *stage.Task, path string) (bool, error) {
	var before stage.Artifact
	found, err := t.Restore(&before)
	if err != nil || !found || before.Location != path {
		return false, err
	}
	now, err := Digest(ctx, path)
	if err != nil || now.Digest != before.Digest {
		return false, ctx.Err() // the file is not what it was: build again
	}
	t.Logger().Info("the artifact was built by an earlier attempt", "digest", before.Digest)
	return true, stage.Built.Set(t, before)
}

// clear removes what lies where the artifact will be, so that a program that writes none is found out
// rather than an old file handed on. Only a regular file, or a link, is removed.
func clear(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("the artifact: %w", err)
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0:
		return fmt.Errorf("the artifact: %s is there already, and is not a regular file", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("the artifact: an earlier one cannot be removed: %w", err)
	}
	return nil
}

// handOn makes the file the artifact of the release.
func handOn(ctx context.Context, t *stage.Task, path string) error {
	a, err := Digest(ctx, path)
	if err != nil {
		return fmt.Errorf("the program ended well, but its artifact cannot be used: %w", err)
	}
	if err := t.Checkpoint(ctx, a); err != nil {
		return err
	}
	return stage.Built.Set(t, a)
}

// Digest is the artifact that a file is: its absolute path, size and SHA-256. Anything but a regular
// file is an error.
func Digest(ctx context.Context, path string) (stage.Artifact, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return stage.Artifact{}, err
	}
	// A look before the opening: opening a named pipe would wait for a writer.
	if info, err := os.Stat(abs); err != nil {
		return stage.Artifact{}, err
	} else if !info.Mode().IsRegular() {
		return stage.Artifact{}, fmt.Errorf("%s is not a regular file", abs)
	}
	f, err := os.Open(abs)
	if err != nil {
		return stage.Artifact{}, err
	}
	defer f.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, reader{ctx, f})
	if err != nil {
		return stage.Artifact{}, fmt.Errorf("%s: %w", abs, err)
	}
	return stage.Artifact{
		Name: filepath.Base(abs), Digest: "sha256:" + hex.EncodeToString(hash.Sum(nil)),
		Location: abs, Size: size,
	}, nil
}

// reader ends reading when its context does.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}
