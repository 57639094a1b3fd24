package haproxy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func (m *mover) stateFiles() []string {
	var files []string
	for _, b := range m.backends {
		files = append(files, m.stateFile(b))
	}
	return files
}

// checkFiles looks whether the files are there and may be written.
func (m *mover) checkFiles(l *lacks, files ...string) {
	if m.remote {
		return
	}
	for _, file := range files {
		if _, err := m.disk.Read(file); errors.Is(err, fs.ErrNotExist) {
			l.add("CreateFiles, before HAProxy starts", "the file %s is missing", file)
		} else if err != nil {
			l.add("let this program's user read it", "the file %s cannot be read: %v", file, err)
		}
	}
	dir := filepath.Dir(files[0])
	probe, err := os.CreateTemp(dir, ".davit-check.*")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		l.add("let this program's user write into it, or set Remote", "no file can be written in %s: %v", dir, err)
	}
}
