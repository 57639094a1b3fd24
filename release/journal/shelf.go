package journal

import (
	"errors"
	"sync"
)

// shelf holds the files that are open for reading: so many, and no more.
type shelf struct {
	disk disk
	max  int

	mu     sync.Mutex
	free   sync.Cond // a file is no longer read from
	open   map[*volume]*reading
	clock  uint64
	closed bool
}

type reading struct {
	file file
	uses int
	used uint64
}

func newShelf(d disk, max int) *shelf {
	s := &shelf{disk: d, max: max, open: make(map[*volume]*reading)}
	s.free.L = &s.mu
	return s
}

// take opens a volume, until give. It waits while as many others are being read from as may be open.
func (s *shelf) take(v *volume) (file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return nil, ErrClosed
		}
		r := s.open[v]
		if r == nil && len(s.open) >= s.max && !s.drop() {
			s.free.Wait()
			continue
		}
		if r == nil {
			f, err := s.disk.Open(v.name, false, false)
			if err != nil {
				return nil, err
			}
			r = &reading{file: f}
			s.open[v] = r
		}
		s.clock++
		r.uses, r.used = r.uses+1, s.clock
		return r.file, nil
	}
}

// drop closes the file that was not used for longest, if there is one.
func (s *shelf) drop() bool {
	var oldest *volume
	for v, r := range s.open {
		if r.uses == 0 && (oldest == nil || r.used < s.open[oldest].used) {
			oldest = v
		}
	}
	if oldest == nil {
		return false
	}
	// It was only read from: an error of closing it means nothing.
	_ = s.open[oldest].file.Close()
	delete(s.open, oldest)
	return true
}

func (s *shelf) give(v *volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.open[v]; r != nil {
		r.uses--
	}
	s.free.Broadcast()
}

// forget closes a volume that is gone, once nobody reads from it.
func (s *shelf) forget(v *volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.open[v]; r != nil && r.uses == 0 {
		_ = r.file.Close()
		delete(s.open, v)
		s.free.Broadcast()
	}
}

// close waits until nobody reads, and closes all.
func (s *shelf) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var err error
	for v, r := range s.open {
		for r.uses > 0 {
			s.free.Wait()
		}
		err = errors.Join(err, r.file.Close())
		delete(s.open, v)
	}
	return err
}
