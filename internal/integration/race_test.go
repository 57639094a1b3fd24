package integration_test

import (
	"bufio"
	"io"
)

func writer(task []byte, in *bufio.Scanner, out io.Writer) error { return nil }
func opener(task []byte, in *bufio.Scanner, out io.Writer) error { return nil }
func leaser(task []byte, in *bufio.Scanner, out io.Writer) error { return nil }
