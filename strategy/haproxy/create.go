package haproxy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// createFiles writes what is missing: a map without a table, and state files that say nothing.
func (o GroupsOptions) createFiles(d disk) error {
	if err := o.Validate(); err != nil {
		return err
	}
	o = o.withDefaults()
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return fmt.Errorf("haproxy: %w", err)
	}
	files := map[string][]byte{o.mapFile(): mapText(o.Name, emptyLayout().entries())}
	for _, b := range o.Backends {
		files[o.stateFile(b)] = []byte(stateVersion + "\n")
	}
	for path, data := range files {
		if _, err := d.Read(path); errors.Is(err, fs.ErrNotExist) {
			if err := d.Write(path, data); err != nil {
				return fmt.Errorf("haproxy: write %s: %w", path, err)
			}
		}
	}
	return nil
}
