package haproxy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// CreateFiles writes the files that HAProxy wants to find when it starts, where they are missing, and
// the folder. Files that are there stay as they are.
func (o GroupsOptions) CreateFiles() error {
	return errors.Join(makeFolder(o.Dir, o.Validate()), o.createFiles(folder{}))
}

// CreateFiles writes the files that HAProxy wants to find when it starts, where they are missing, and
// the folder. Files that are there stay as they are.
func (o WeightsOptions) CreateFiles() error {
	return errors.Join(makeFolder(o.Dir, o.Validate()), o.createFiles(folder{}))
}

// makeFolder makes the folder of options that are valid.
func makeFolder(dir string, invalid error) error {
	if invalid != nil {
		return nil // it is told when the files are to be created
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("haproxy: %w", err)
	}
	return nil
}

// createFiles writes a map without a table, and state files that say nothing.
func (o GroupsOptions) createFiles(d disk) error {
	if err := o.Validate(); err != nil {
		return fmt.Errorf("haproxy: %w", err)
	}
	o = o.withDefaults()
	files := map[string][]byte{o.mapFile(): mapText(o.Name, emptyLayout().entries())}
	for _, b := range o.Backends {
		files[o.stateFile(b)] = []byte(stateVersion + "\n")
	}
	return create(d, files)
}

func (o WeightsOptions) createFiles(d disk) error {
	if err := o.Validate(); err != nil {
		return fmt.Errorf("haproxy: %w", err)
	}
	return create(d, map[string][]byte{o.stateFile(o.Backend): []byte(stateVersion + "\n")})
}

// create writes the files that are missing.
func create(d disk, files map[string][]byte) error {
	for path, data := range files {
		if _, err := d.Read(path); errors.Is(err, fs.ErrNotExist) {
			if err := d.Write(path, data); err != nil {
				return fmt.Errorf("haproxy: write %s: %w", path, err)
			}
		}
	}
	return nil
}
