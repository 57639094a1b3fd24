package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzForm: any file has a form, and one whose name says CSV is that, whatever is in it.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{told, asCSV, deployed, cloud, "[", "{", `{"context"`, `{"a":[{"context":1}]}`, "\xef\xbb\xbf{}", "\x00"} {
		f.Add("events", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, begin []byte) {
		assert.True(t, slices.Contains([]string{formLines, formCSV, formCDEvents, formList}, formOf(name, begin)))
		assert.Equal(t, formCSV, formOf(name+".csv", begin))
	})
}
