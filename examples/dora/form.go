package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
)

// The forms that a file of events may have.
const (
	formLines    = "JSON lines"
	formCSV      = "CSV"
	formCDEvents = "CDEvents"
	formList     = "a list of events"
)

// sniffed is how much of a file is looked at to find out its form, in bytes.
const sniffed = 64 << 10

// formOf is the form of a file by its name, and else by how it begins.
func formOf(name string, begin []byte) string {
	if strings.EqualFold(filepath.Ext(name), ".csv") {
		return formCSV
	}
	begin = bytes.TrimLeft(bytes.TrimPrefix(begin, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(begin, []byte("[")):
		first := bytes.TrimLeft(begin[1:], " \t\r\n")
		if bytes.HasPrefix(first, []byte("{")) && formOf("", first) == formLines && slices.Contains(keys(first), "type") {
			return formList
		}
		return formCDEvents
	case bytes.HasPrefix(begin, []byte("{")):
		if slices.ContainsFunc(keys(begin), func(key string) bool { return key == "context" || key == "specversion" }) {
			return formCDEvents
		}
		return formLines
	case len(begin) == 0 || slices.Contains([]string{".jsonl", ".ndjson", ".json"}, strings.ToLower(filepath.Ext(name))):
		return formLines
	}
	return formCSV
}

// keys are those of the first object, as far as it can be read.
func keys(text []byte) []string {
	in := json.NewDecoder(bytes.NewReader(text))
	if _, err := in.Token(); err != nil {
		return nil
	}
	var all []string
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return all
		}
		all = append(all, key.(string))
		var skipped json.RawMessage
		if err := in.Decode(&skipped); err != nil {
			return all
		}
	}
	return all
}
