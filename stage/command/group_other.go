//go:build !unix

package command

import "os/exec"

// There are no process groups and no gentle end here: the program alone is ended, at once.
func own(*exec.Cmd)           {}
func terminate(cmd *exec.Cmd) { cmd.Process.Kill() }
func kill(cmd *exec.Cmd)      { cmd.Process.Kill() }
