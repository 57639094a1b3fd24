package kubernetes

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// shelf keeps the objects of one kind as a watch tells them, and as this process wrote them, whichever
// is newer: what was written is never read back older than it was written.
type shelf[T metav1.Object] struct {
	kind string // as in "deployments.apps"

	mu      sync.Mutex
	objects map[string]T // by name
	synced  bool         // it was listed once
	live    bool         // a watch tells what changes
	since   time.Time    // it is not live
	err     error        // why, where that is known
	changed chan struct{}
	seen    func(T) // is told each object; may be nil
	gone    func(T) // is told each object that is not there any more; may be nil
	beat    func()  // is told that the API server has answered
}

func newShelf[T metav1.Object](kind string, beat func()) *shelf[T] {
	return &shelf[T]{kind: kind, objects: map[string]T{}, since: time.Now(), changed: make(chan struct{}), beat: beat}
}

// all are the objects, sorted by name.
func (s *shelf[T]) all() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Collect(maps.Values(s.objects))
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return list
}

func (s *shelf[T]) get(name string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[name]
	return o, ok
}

// put takes an object that was read, written or told, unless a newer one is there.
func (s *shelf[T]) put(o T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.objects[o.GetName()]
	if ok && older(o.GetResourceVersion(), old.GetResourceVersion()) {
		return
	}
	if ok && old.GetUID() != o.GetUID() {
		s.miss(old)
	}
	s.objects[o.GetName()] = o
	s.tell(o)
}

func (s *shelf[T]) tell(o T) {
	if s.seen != nil {
		s.seen(o)
	}
}

// drop takes an object away that is gone, unless a newer one is there.
func (s *shelf[T]) drop(o T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.objects[o.GetName()]; ok && !older(o.GetResourceVersion(), old.GetResourceVersion()) {
		delete(s.objects, o.GetName())
		s.miss(old)
	}
}

func (s *shelf[T]) miss(o T) {
	if s.gone != nil {
		s.gone(o)
	}
}

// replace takes a whole list, as of a version. What was written after that version stays.
func (s *shelf[T]) replace(list []T, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects := make(map[string]T, len(list))
	for name, o := range s.objects {
		if version != "" && older(version, o.GetResourceVersion()) {
			objects[name] = o
		}
	}
	for _, o := range list {
		if newer, ok := objects[o.GetName()]; ok && older(o.GetResourceVersion(), newer.GetResourceVersion()) {
			continue
		}
		objects[o.GetName()] = o
		s.tell(o)
	}
	for name, o := range s.objects {
		if next, there := objects[name]; !there || next.GetUID() != o.GetUID() {
			s.miss(o)
		}
	}
	s.objects, s.synced = objects, true
}

// up says that a watch runs, down that it does not.
func (s *shelf[T]) up() { s.turn(true, nil) }

func (s *shelf[T]) down(err error) { s.turn(false, err) }

func (s *shelf[T]) turn(live bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live && !live {
		s.since = time.Now()
	}
	if s.live, s.err = live, err; live || err != nil {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// health is how far a shelf can be believed.
type health struct {
	kind   string
	synced bool
	live   bool
	since  time.Time
	err    error
	next   <-chan struct{} // closed when this has changed
}

func (s *shelf[T]) health() health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return health{kind: s.kind, synced: s.synced, live: s.live, since: s.since, err: s.err, next: s.changed}
}

// older reports whether resource version a is older than b. Versions that cannot be compared are as
// old as they come.
func older(a, b string) bool {
	c, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && c < 0
}
