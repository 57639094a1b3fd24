package apply

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// replace gives a file another text. Whatever happens, it has the old one or the new one, and the new one outlives a power
// failure once this returns. A file that is there keeps its mode. A failure leaves nothing beside it.
func replace(path string, text []byte, mode fs.FileMode, at func(point string) error) error {
	if at == nil {
		at = func(string) error { return nil }
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	draft := draftOf(path)
	err := fill(draft, text, mode)
	if err == nil {
		err = at("drafted " + filepath.Base(path))
	}
	if err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		_ = os.Remove(draft) // what hinders it is known
		return err
	}
	if err := at("renamed " + filepath.Base(path)); err != nil {
		return err
	}
	return settle(filepath.Dir(path))
}

// replaceable fails where a file could not get another text.
func replaceable(path string) error {
	draft := draftOf(path)
	if err := fill(draft, nil, 0o600); err != nil {
		return err
	}
	return os.Remove(draft)
}

// draftOf is where the new text of a file is written first. It is always the same name, so that what a kill has left is overwritten.
func draftOf(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".draft")
}

// fill writes a file that nobody looks at yet.
func fill(path string, text []byte, mode fs.FileMode) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close(), os.Chmod(path, mode))
}

// settle makes a renaming outlive a power failure, where folders can be synced.
func settle(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
