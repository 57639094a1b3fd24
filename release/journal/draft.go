package journal

import (
	"errors"
	"fmt"
)

// draft is a file that is being made: nobody sees it until it is complete and synced.
type draft struct {
	temp   string
	file   file
	volume *volume
	buf    []byte
}

func (h header) name() string { return fmt.Sprintf("%010d.%s", h.number, h.kind) }

const tempEnding = ".temp"

// make makes a file, except for its name. What does not come to an end is removed.
func (j *Journal) make(h header, fill func(*draft) error) (_ *draft, err error) {
	d := &draft{temp: h.name() + tempEnding, volume: &volume{name: h.name(), header: h, sealed: true}}
	defer func() {
		if err != nil {
			err = fmt.Errorf("make %s: %w", d.volume.name, err)
		}
	}()
	if d.file, err = j.disk.Open(d.temp, true, true); err != nil {
		return nil, err
	}
	d.buf = h.append(d.buf)
	if err = fill(d); err == nil {
		if err = d.flush(); err == nil {
			err = d.file.Sync()
		}
	}
	if err = errors.Join(err, d.file.Close()); err != nil {
		return nil, errors.Join(err, j.disk.Remove(d.temp))
	}
	return d, nil
}

// at is where the next byte comes to lie.
func (d *draft) at() int64 { return d.volume.size + int64(len(d.buf)) }

func (d *draft) write(text []byte) error {
	d.buf = append(d.buf, text...)
	if len(d.buf) < chunk {
		return nil
	}
	return d.flush()
}

func (d *draft) flush() error {
	if _, err := d.file.WriteAt(d.buf, d.volume.size); err != nil {
		return err
	}
	d.volume.size += int64(len(d.buf))
	d.buf = d.buf[:0]
	return nil
}
