// Package command (SHELL) is a stage that runs a program: a build, a test, a script.
//
//	command.Stage{
//		Args:     []string{"go", "build", "-o", "out/shop", "-ldflags", "-X main.version=${version}", "."},
//		Dir:      checkout,
//		Values:   []stage.Key[string]{stage.Version},
//		Artifact: "out/shop",
//	}
//
// No shell is involved: arguments reach the program as they are. The program gets an environment of
// its own rather than the host's, so that what the host keeps secret stays with the host. It runs in a
// process group of its own, which is ended as a whole: on cancel, and when the program has ended and
// left something behind.
//
// Passwords and tokens reach the program as variables, by the name that the host keeps them under, and
// are hidden in all that it writes. What a program has done, another one takes back:
//
//	stage.Undoable{
//		Stage: command.Stage{Args: []string{"./publish"}, Secret: map[string]string{"TOKEN": "registry-token"}},
//		By:    command.Stage{Args: []string{"./unpublish"}, Secret: map[string]string{"TOKEN": "registry-token"}},
//	}
//
// # Errors
//
// A program that cannot be started, or ends otherwise than with status 0, is an *ExitError, with the end of what it wrote. One
// that succeeds without having made its Artifact fails the stage, too. A cancel ends as the cause of it says.
//
// # Concurrency
//
// A Stage may be used by several releases at once as far as the program allows that: runs that share a Dir share what lies in
// it, the Artifact and the Log above all.
package command
