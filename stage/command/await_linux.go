package command

import (
	"os/exec"
	"syscall"
	"unsafe"
)

// awaitEnd returns when the program has ended, but leaves it to be waited for by the returned function:
// until then its number belongs to nobody else.
func awaitEnd(cmd *exec.Cmd) func() error {
	const (
		byPID  = 1       // P_PID
		exited = 0x4     // WEXITED
		noWait = 1 << 24 // WNOWAIT
	)
	var info [16]uint64 // siginfo_t, which is not looked at
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(cmd.Process.Pid),
			uintptr(unsafe.Pointer(&info)), exited|noWait, 0, 0)
		if errno != syscall.EINTR {
			return cmd.Wait
		}
	}
}
