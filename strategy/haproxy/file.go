package haproxy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// disk is what files are written with; tests put one that dies in its place.
type disk interface {
	// Write leaves the file as it was or as it shall be, whenever the machine stops.
	Write(path string, data []byte) error
	Read(path string) ([]byte, error)
}

// folder is the disk of the machine.
type folder struct{}

func (folder) Read(path string) ([]byte, error) { return os.ReadFile(path) }

// Write keeps the mode of a file that is there: HAProxy's user may be another one.
func (folder) Write(path string, data []byte) (err error) {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if err != nil && !renamed {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	renamed = true
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	if failed := errors.Join(d.Sync(), d.Close()); failed != nil {
		return fmt.Errorf("%s is written, and may not outlive a crash of the machine: %w", path, failed)
	}
	return nil
}

// mapText is a map as a file.
func mapText(service string, entries []entry) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# The routing table of %s, written by Davit: changes by hand are lost.\n", service)
	for _, e := range entries {
		b.WriteString(e.line() + "\n")
	}
	return []byte(b.String())
}

// stateText is the state file of a backend: what "show servers state" says, with servers as they are to
// become. A server that is to be ready counts as up, as it does where HAProxy starts without such a
// file: the file may be old when it is read, and a server that was down when it was written must not
// keep everybody waiting for its next check.
func stateText(s serverStates, backend string, fates map[place]fate) []byte {
	var b strings.Builder
	b.WriteString(stateVersion + "\n" + s.header + "\n")
	for _, one := range s.of(backend) {
		fields := append([]string(nil), one.fields...)
		admin := one.admin
		if f, ok := fates[one.place]; ok {
			admin &^= forcedMaint | forcedDrain
			weight := f.weight
			switch f.will {
			case toMaint:
				admin |= forcedMaint
			case toDrain:
				admin |= forcedDrain
			}
			if weight < 0 {
				weight = one.iweight
			}
			fields[s.column["srv_uweight"]] = strconv.Itoa(weight)
		}
		if admin&(anyMaint|anyDrain) == 0 && one.op != opRunning {
			fields[s.column["srv_op_state"]] = strconv.Itoa(opRunning)
			fields[s.column["srv_check_status"]], fields[s.column["srv_check_result"]] = "1", "0"
		}
		fields[s.column["srv_admin_state"]] = strconv.Itoa(admin)
		b.WriteString(strings.Join(fields, " ") + "\n")
	}
	return []byte(b.String())
}
