package edge

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// pause is the time until the API server is asked again when it does not answer, however long that has been so. An
// informer would stay away for up to a minute after it is back, and lead requests to pods that have long ended: whoever
// serves on for a few seconds can count on a few seconds only.
const pause = 200 * time.Millisecond

// client lists and watches one kind of objects.
type client[L runtime.Object] interface {
	List(ctx context.Context, o metav1.ListOptions) (L, error)
	Watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error)
}

// shelf keeps all objects of one kind, and gives a word whenever something has changed.
type shelf struct {
	cache.Indexer
	word   func()
	once   sync.Once
	filled chan struct{} // closed once all was listed
}

// follow keeps a shelf of all objects of a kind, in all namespaces, until ctx is over.
func follow[L runtime.Object](ctx context.Context, from client[L], kind runtime.Object, word func()) *shelf {
	s := &shelf{
		Indexer: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}),
		word:    word, filled: make(chan struct{}),
	}
	source := &cache.ListWatch{
		ListWithContextFunc:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return from.List(ctx, o) },
		WatchFuncWithContext: from.Watch,
	}
	r := cache.NewReflectorWithOptions(source, kind, s, cache.ReflectorOptions{Backoff: &wait.Backoff{Duration: pause, Factor: 1, Steps: 1}})
	go r.RunWithContext(ctx) // ends with the process, at the latest
	return s
}

// Add is told of an object that is new.
func (s *shelf) Add(o any) error { defer s.word(); return s.Indexer.Add(o) }

// Update is told of an object that has changed.
func (s *shelf) Update(o any) error { defer s.word(); return s.Indexer.Update(o) }

// Delete is told of an object that is gone.
func (s *shelf) Delete(o any) error { defer s.word(); return s.Indexer.Delete(o) }

// Replace is told of all objects.
func (s *shelf) Replace(all []any, version string) error {
	defer s.word()
	defer s.once.Do(func() { close(s.filled) })
	return s.Indexer.Replace(all, version)
}
