package edge

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
)

// away is an API server that is not there, until it is.
type away struct {
	back  atomic.Bool
	lists atomic.Int32
}

func (a *away) List(context.Context, metav1.ListOptions) (*corev1.ServiceList, error) {
	if !a.back.Load() {
		return nil, errors.New("connection refused")
	}
	a.lists.Add(1)
	return &corev1.ServiceList{
		ListMeta: metav1.ListMeta{ResourceVersion: "1"},
		Items:    []corev1.Service{{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "web"}}},
	}, nil
}

func (a *away) Watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	if !a.back.Load() || o.SendInitialEvents != nil {
		return nil, errors.New("connection refused")
	}
	w := apiwatch.NewFake()
	context.AfterFunc(ctx, w.Stop)
	return w, nil
}

// However long the API server was away, the edge knows what has changed a moment after it is back.
func TestFollowIsBackAtOnce(t *testing.T) {
	// One of them holds errors up by the time of the last one, which was in no bubble.
	handlers := utilruntime.ErrorHandlers
	utilruntime.ErrorHandlers = nil
	t.Cleanup(func() { utilruntime.ErrorHandlers = handlers })
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		server, words := &away{}, atomic.Int32{}
		s := follow(ctx, server, &corev1.Service{}, func() { words.Add(1) })
		time.Sleep(10 * time.Minute)
		assert.Zero(t, words.Load())
		server.back.Store(true)
		time.Sleep(time.Second)
		select {
		case <-s.filled:
		default:
			t.Fatal("it stays away")
		}
		assert.Len(t, s.List(), 1)
		assert.NotZero(t, words.Load())
	})
}
