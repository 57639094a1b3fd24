package git

import (
	"io"
	"os"
	"syscall"
	"time"
)

const (
	// pipeSize is how much git may be ahead: as much as Linux grants everybody.
	pipeSize = 1 << 20
	// setPipeSize is F_SETPIPE_SZ of fcntl.
	setPipeSize = 1031
	// shortOutput is how much is read as it comes. Of what is longer, pause lets a good piece gather before each look.
	shortOutput = 8 << 10
	pause       = 2 * time.Millisecond
	// drained is what a read yields at most that has emptied the pipe.
	drained = pipeSize / 16
)

// pipe is a pipe with room. Its reading end blocks, and is unknown to the runtime's poller: git writes 4 KiB at a time, and
// waking up for each of them costs more than to take the commits apart.
func pipe() (from io.ReadCloser, to *os.File, err error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	syscall.Syscall(syscall.SYS_FCNTL, uintptr(ends[0]), setPipeSize, pipeSize) // where it is refused, the pipe is small
	return &gathering{File: os.NewFile(uintptr(ends[0]), "|0")}, os.NewFile(uintptr(ends[1]), "|1"), nil
}

// filled is the reading end of a pipe that holds an input and nothing else, which spares whoever would write it while
// git reads. Nil: it does not fit.
func filled(input string) *os.File {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil
	}
	defer syscall.Close(ends[1])
	syscall.Syscall(syscall.SYS_FCNTL, uintptr(ends[1]), setPipeSize, uintptr(min(len(input), pipeSize)))
	if err := syscall.SetNonblock(ends[1], true); err == nil {
		if n, err := syscall.Write(ends[1], []byte(input)); err == nil && n == len(input) {
			return os.NewFile(uintptr(ends[0]), "|0")
		}
	}
	syscall.Close(ends[0])
	return nil
}

// gathering reads a long output in good pieces.
type gathering struct {
	*os.File
	read int
	// emptied says that the last read has left nothing in the pipe. One that got all that it had room for tells nothing.
	emptied bool
}

// Read waits a little where it would get a small piece.
func (g *gathering) Read(p []byte) (int, error) {
	if g.read > shortOutput && g.emptied {
		time.Sleep(pause)
	}
	n, err := g.File.Read(p)
	g.read, g.emptied = g.read+n, n < min(drained, len(p))
	return n, err
}
