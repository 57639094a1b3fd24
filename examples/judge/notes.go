package main

import (
	"fmt"
	"io"
)

// notes are told to people, each once.
type notes struct {
	to   io.Writer
	said map[string]bool
}

func (n *notes) tell(key, format string, args ...any) {
	if n.said[key] || len(n.said) >= 100 {
		return
	}
	n.said[key] = true
	fmt.Fprintf(n.to, "judge: note: "+format+"\n", args...)
}
