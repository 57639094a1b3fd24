package process

import (
	"strings"
	"sync"
)

// Words are what was said so far: a writer that many may write to and read from at once. The zero value is ready for
// use.
type Words struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *Words) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(text)
}

// String is all of it.
func (w *Words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
