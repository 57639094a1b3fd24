package journal

import (
	"io/fs"
	"syscall"
	"time"
)

// stamp is when the file was changed last, by a time that nobody can set. For a folder that is also when a name
// in it was added, removed or replaced. Zero: it is not known.
func stamp(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return time.Time{}
}
