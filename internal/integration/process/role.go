package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Role is what a process does: it has a task, as JSON, is told lines, and tells lines. An error is the last
// thing that it says.
type Role func(task []byte, in *bufio.Scanner, out io.Writer) error

// Of is a role with a task of that type.
func Of[T any](play func(task T, in *bufio.Scanner, out io.Writer) error) Role {
	return func(text []byte, in *bufio.Scanner, out io.Writer) error {
		var task T
		if err := json.Unmarshal(text, &task); err != nil {
			return err
		}
		return play(task, in, out)
	}
}

const roleVariable, taskVariable = "DAVIT_TEST_ROLE", "DAVIT_TEST_TASK"

// Play does what this process was started for, if it was started by Start, and reports whether it was.
// TestMain calls it first of all.
func Play(roles map[string]Role) (played bool) {
	name := os.Getenv(roleVariable)
	if name == "" {
		return false
	}
	play, ok := roles[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no role", name)
		os.Exit(2)
	}
	if err := play([]byte(os.Getenv(taskVariable)), bufio.NewScanner(os.Stdin), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
	return true
}
