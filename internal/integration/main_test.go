package integration_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/davit-sdk/davit/internal/integration/pgserver"
	"github.com/davit-sdk/davit/internal/integration/process"
)

// server is the PostgreSQL server that all tests share which do not harm it.
var server *pgserver.Server

func TestMain(m *testing.M) {
	roles := map[string]process.Role{
		"writer": process.Of(writer), "opener": process.Of(opener), "leaser": process.Of(leaser), "carrier": process.Of(carrier),
	}
	if process.Play(roles) {
		return // this is a process that a test has started
	}
	os.Exit(withServer(m))
}

func withServer(m *testing.M) int {
	var err error
	if server, err = pgserver.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL:", err)
		return 1
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL:", err)
		return 1
	}
	return code
}
