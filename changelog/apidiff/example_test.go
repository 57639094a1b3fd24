package apidiff_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/apidiff"
)

// A commit says "fix:", and takes a function away.
func ExampleCompare() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"old/go.mod":  "module example.org/greet\n\ngo 1.26\n",
		"old/main.go": "package greet\n\nfunc Hello() string { return \"hello\" }\nfunc Bye() string { return \"bye\" }\n",
		"new/go.mod":  "module example.org/greet\n\ngo 1.26\n",
		"new/main.go": "package greet\n\nfunc Hello() string { return \"Hello!\" }\nfunc Welcome() string { return \"Welcome!\" }\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			fmt.Println(err)
			return
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := apidiff.Compare(context.Background(), apidiff.Options{
		Old: apidiff.Tree{Dir: filepath.Join(dir, "old")}, // or a repository, with Revision: "v1.4.2"
		New: apidiff.Tree{Dir: filepath.Join(dir, "new")},
		Env: []string{"GOPROXY=off"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(report)
	decision := changelog.Decision{Previous: semver.MustParse("1.4.2"), Next: semver.MustParse("1.4.3")}
	fmt.Println(apidiff.Rule{}.Judge(report, decision).Why)
	// Output:
	// example.org/greet: 1 incompatible, 1 compatible changes
	// example.org/greet
	//   ! Bye: removed
	//   + Welcome: added
	// patch is declared, and the API since 1.4.2 demands major (1 incompatible, 1 compatible changes in 1 packages): example.org/greet: Bye: removed
}
