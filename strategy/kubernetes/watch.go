package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
)

const (
	// firstPause and longestPause are how long a watch that broke waits before it begins anew. A
	// target has a handful of watches, each of few objects: they need not be shy.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	// shortestWatch is how long the API server is asked to keep a watch open; up to twice that.
	shortestWatch = 5 * time.Minute
)

// source lists and watches the objects of one kind.
type source struct {
	list  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error)
	watch func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error)
	// labels and fields narrow down what is listed and watched.
	labels, fields string
	// narrow says, before each list, by which labels to narrow it down; nil: by those.
	narrow func(ctx context.Context) (labels string, err error)
}

// follow keeps a shelf as the API server tells, until ctx ends. Each list is read from the API
// server's store, never from a cache of it, which could be older than what another process wrote.
func follow[T metav1.Object](ctx context.Context, s *shelf[T], from source) {
	pause := firstPause
	version := ""
	for ctx.Err() == nil {
		began := time.Now()
		next, err := pass(ctx, s, &from, version)
		if ctx.Err() != nil {
			return
		}
		if s.down(err); err == nil && time.Since(began) > longestPause {
			version, pause = next, firstPause // the watch has run out
			continue
		}
		// It may have missed something, or the version is too old: list again.
		version = ""
		if time.Since(began) > 2*longestPause {
			pause = firstPause
		}
		wait(ctx, pause/2+rand.N(pause/2))
		pause = min(2*pause, longestPause)
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// pass lists, unless a version is known from which to go on, and watches until the watch ends.
func pass[T metav1.Object](ctx context.Context, s *shelf[T], from *source, version string) (string, error) {
	if version == "" {
		if from.narrow != nil {
			labels, err := from.narrow(ctx)
			if err != nil {
				return "", err
			}
			from.labels = labels
		}
		list, err := from.list(ctx, metav1.ListOptions{LabelSelector: from.labels, FieldSelector: from.fields})
		if err != nil {
			return "", err
		}
		if version, err = shelve(s, list); err != nil {
			return "", err
		}
	}
	seconds := int64((shortestWatch + rand.N(shortestWatch)).Seconds())
	w, err := from.watch(ctx, metav1.ListOptions{
		LabelSelector: from.labels, FieldSelector: from.fields,
		ResourceVersion: version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds,
	})
	if err != nil {
		return "", err
	}
	defer w.Stop()
	s.up()
	s.beat()
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case e, ok := <-w.ResultChan():
			if !ok {
				return version, nil
			}
			s.beat()
			if version, err = take(s, e, version); err != nil {
				return "", err
			}
		}
	}
}

func shelve[T metav1.Object](s *shelf[T], list runtime.Object) (version string, err error) {
	head, err := meta.ListAccessor(list)
	if err != nil {
		return "", fmt.Errorf("read a list: %w", err)
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return "", fmt.Errorf("read a list: %w", err)
	}
	objects := make([]T, 0, len(items))
	for _, item := range items {
		o, ok := item.(T)
		if !ok {
			return "", fmt.Errorf("read a list: it holds a %T", item)
		}
		objects = append(objects, o)
	}
	s.replace(objects, head.GetResourceVersion())
	return head.GetResourceVersion(), nil
}

// take puts one event on the shelf, and gives the version that the shelf has then.
func take[T metav1.Object](s *shelf[T], e apiwatch.Event, version string) (string, error) {
	if e.Type == apiwatch.Error {
		return "", apierrors.FromObject(e.Object)
	}
	o, ok := e.Object.(T)
	if !ok {
		return "", fmt.Errorf("a watch told of a %T", e.Object)
	}
	switch e.Type {
	case apiwatch.Added, apiwatch.Modified:
		s.put(o)
	case apiwatch.Deleted:
		s.drop(o)
	case apiwatch.Bookmark:
	default:
		return "", fmt.Errorf("a watch told of an unknown event %q", e.Type)
	}
	if v := o.GetResourceVersion(); v != "" {
		version = v
	}
	return version, nil
}

// unhealthy is why a shelf cannot be believed.
func (h health) problem() error {
	switch {
	case h.synced && h.live:
		return nil
	case h.err != nil:
		return fmt.Errorf("the watch of %s is broken since %s: %w", h.kind, time.Since(h.since).Round(time.Second), h.err)
	case !h.synced:
		return fmt.Errorf("%s were not listed yet", h.kind)
	}
	return fmt.Errorf("the watch of %s is interrupted", h.kind)
}

// errClosed says that the target was closed.
var errClosed = errors.New("the target is closed")
