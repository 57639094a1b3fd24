package haserver

import "syscall"

// ownGroup is a process group of the master's own. It ends when the thread that started it does; its workers
// end when they see that it has.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
