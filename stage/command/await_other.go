//go:build !linux

package command

import "os/exec"

// awaitEnd waits for the program; the returned function reports how it ended. The kernel cannot be
// asked without waiting here, so what is left of a group is killed just after its head is gone.
func awaitEnd(cmd *exec.Cmd) func() error {
	err := cmd.Wait()
	return func() error { return err }
}
