package jsonl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/jsonl"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "metrics.jsonl")
	lines := `{"at":"2026-05-01T12:00:05Z","group":"1.1.0","requests":40,"errors":2}
{"at":"2026-05-01T12:00:10Z","group":"1.1.0","requests":60,"errors":0}
{"at":"2026-05-01T12:00:15Z","group":"1.1.0","req` // another process writes this just now
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	source, err := jsonl.NewSource(jsonl.Options{Path: path})
	if err != nil {
		fmt.Println(err)
		return
	}
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	w, err := source.Read(context.Background(), metrics.Query{Group: "1.1.0", From: noon, To: noon.Add(time.Minute)})
	fmt.Println(w.Errors, "of", w.Requests, "failed;", err)
	// Output: 2 of 100 failed; <nil>
}
